/** The application's database address from its variables. Pure; the result is a secret. */
export type FoundAddress =
  | { readonly kind: 'postgres'; readonly url: string; readonly from: readonly string[] }
  | { readonly kind: 'other'; readonly from: readonly string[]; readonly engine: string }
  | { readonly kind: 'none' };

const WHOLE = ['DATABASE_URL', 'DB_URL', 'POSTGRES_URL', 'DJANGO_DATABASE_URL'];
const PARTS = {
  name: [
    'DB_NAME',
    'DB_DATABASE',
    'DATABASE_NAME',
    'POSTGRES_DB',
    'POSTGRES_NAME',
    'SQL_DATABASE',
    'PGDATABASE',
  ],
  user: ['DB_USER', 'DB_USERNAME', 'DATABASE_USER', 'POSTGRES_USER', 'SQL_USER', 'PGUSER'],
  password: [
    'DB_PASSWORD',
    'DB_PASS',
    'DATABASE_PASSWORD',
    'POSTGRES_PASSWORD',
    'SQL_PASSWORD',
    'PGPASSWORD',
  ],
  host: ['DB_HOST', 'DATABASE_HOST', 'POSTGRES_HOST', 'SQL_HOST', 'PGHOST'],
  port: ['DB_PORT', 'DATABASE_PORT', 'POSTGRES_PORT', 'SQL_PORT', 'PGPORT'],
} as const;

/** Which part of the address a variable holds, of those that another place has others of. */
export function partOf(variable: string): 'database' | 'host' | 'port' | undefined {
  const holds = (names: readonly string[]) => names.includes(variable);
  if (holds(PARTS.name)) return 'database';
  if (holds(PARTS.host)) return 'host';
  return holds(PARTS.port) ? 'port' : undefined;
}

/** Names that Django's URL readers take for PostgreSQL. */
const POSTGRES_SCHEMES = new Set([
  'postgres',
  'postgresql',
  'psql',
  'pgsql',
  'postgis',
  'timescale',
  'timescalegis',
]);

export function findAddress(env: ReadonlyMap<string, string>): FoundAddress {
  const whole = WHOLE.find((name) => env.get(name));
  if (whole !== undefined) return addressOfUrl(env.get(whole)!, whole);
  const find = (names: readonly string[]) => names.find((name) => env.get(name));
  const name = find(PARTS.name);
  if (name === undefined) return { kind: 'none' };
  const found = {
    user: find(PARTS.user),
    password: find(PARTS.password),
    host: find(PARTS.host),
    port: find(PARTS.port),
  };
  const value = (variable: string | undefined, fallback: string) =>
    encodeURIComponent((variable === undefined ? undefined : env.get(variable)) ?? fallback);
  const login =
    found.user === undefined
      ? ''
      : `${value(found.user, '')}${found.password === undefined ? '' : `:${value(found.password, '')}`}@`;
  const url = `postgresql://${login}${value(found.host, 'localhost')}:${value(found.port, '5432')}/${value(name, '')}`;
  return {
    kind: 'postgres',
    url,
    from: [name, ...Object.values(found).filter((each) => each !== undefined)],
  };
}

function addressOfUrl(url: string, variable: string): FoundAddress {
  const scheme = /^([a-z0-9+]+):/i.exec(url)?.[1]?.toLowerCase() ?? '';
  const engine = scheme.split('+')[0] ?? '';
  if (!POSTGRES_SCHEMES.has(engine)) return { kind: 'other', engine, from: [variable] };
  return { kind: 'postgres', url: `postgresql:${url.slice(url.indexOf(':') + 1)}`, from: [variable] };
}
