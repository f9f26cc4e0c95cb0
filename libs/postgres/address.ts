import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';

/** What may be said of an address; the password stays in the secret. */
export interface Address {
  readonly host: string;
  readonly port: string;
  readonly user: string;
  readonly database: string;
}

/** Throws CONFIG_INVALID for anything but a postgres URL. */
export function parseAddress(url: Secret): Address {
  const parsed = parseUrl(url);
  const user = parsed.searchParams.get('user') ?? decodeURIComponent(parsed.username);
  return {
    host: parsed.searchParams.get('host') ?? (decodeURIComponent(parsed.hostname) || 'localhost'),
    port: parsed.searchParams.get('port') ?? (parsed.port || '5432'),
    user,
    database: decodeURIComponent(parsed.pathname.slice(1)) || user,
  };
}

export function withDatabase(url: Secret, database: string): Secret {
  const parsed = parseUrl(url);
  parsed.pathname = `/${encodeURIComponent(database)}`;
  return new Secret(parsed.href);
}

/** For programs: the address without its password may be an argument, the password must not. */
export function splitPassword(url: Secret): { readonly address: string; readonly password: string } {
  const parsed = parseUrl(url);
  const password = parsed.searchParams.get('password') ?? decodeURIComponent(parsed.password);
  parsed.searchParams.delete('password');
  parsed.password = '';
  return { address: parsed.href, password };
}

function parseUrl(url: Secret): URL {
  const text = url.reveal();
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text))
    throw new HoldfastError('CONFIG_INVALID', {
      reason: 'database address is not a postgresql:// URL',
      remedy: 'write postgresql://user:password@host:port/database into services.env',
    });
  return new URL(text);
}
