import { join } from 'node:path';
import type { ProcessName } from '#libs/contracts/services.ts';
import { problem, refuseAll, type Problem } from '#libs/kernel/errors.ts';
import { TOKEN_PATTERN } from '#libs/kernel/ids.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { LOG_LEVELS, type LogLevel } from '#libs/telemetry/logger.ts';
import { ADDRESSEES_WANTED, isAddressee, type Addresses } from './addresses.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything a service process is told, parsed. The table with defaults is in docs/configuration.md. */
export interface ServiceConfig {
  readonly service: ProcessName;
  readonly site: string;
  readonly home: string;
  readonly natsUrl: string;
  readonly natsTokenFile: string | undefined;
  /** After this long without a sign of life a worker's message goes to another. */
  readonly ackWaitMs: number;
  readonly storeUrl: string;
  readonly storeAccessKey: string | undefined;
  readonly storeSecretKey: Secret | undefined;
  /** Where copies of all that the store holds lie; none when undefined. */
  readonly secondStoreUrl: string | undefined;
  readonly secondStoreAccessKey: string | undefined;
  readonly secondStoreSecretKey: Secret | undefined;
  /** age identity that opens the repository. */
  readonly keyFile: string;
  /** Bearer token of the gRPC doors. */
  readonly tokenFile: string;
  /** `services.env`: secrets that specs name. */
  readonly envFile: string;
  readonly listen: string;
  /** Of the own site's services by their names, of others as `service.site`. */
  readonly addresses: Addresses;
  /** A coordinator that shows no life for so long loses its runs to this one. */
  readonly takeoverMs: number;
  readonly pgBin: string | undefined;
  readonly otlpEndpoint: string | undefined;
  readonly logLevel: LogLevel;
}

const ADDRESS = /^(?:\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/;

/** Throws CONFIG_INVALID with every problem: name, value seen, value wanted. Values of secrets are never shown. */
export function readConfig(service: ProcessName, env: Environment): ServiceConfig {
  const read = new Reader(env);
  const home = read.required('HOLDFAST_HOME', 'a folder');
  const config: ServiceConfig = {
    service: read.fixed('HOLDFAST_SERVICE', service),
    site: read.matching('HOLDFAST_SITE', TOKEN_PATTERN, 'lower case letters, digits and dashes', 'local'),
    home,
    natsUrl: read.url('HOLDFAST_NATS_URL', ['nats:', 'tls:'], 'nats://127.0.0.1:4222'),
    natsTokenFile: read.optional('HOLDFAST_NATS_TOKEN_FILE'),
    ackWaitMs: Number(
      read.matching('HOLDFAST_ACK_WAIT_MS', /^[1-9]\d{2,5}$/, 'milliseconds, 100 to 999999', '30000'),
    ),
    storeUrl: read.required('HOLDFAST_STORE_URL', 'the address of the object store'),
    storeAccessKey: read.optional('HOLDFAST_STORE_ACCESS_KEY'),
    storeSecretKey: read.secret('HOLDFAST_STORE_SECRET_KEY'),
    secondStoreUrl: read.optional('HOLDFAST_SECOND_STORE_URL'),
    secondStoreAccessKey: read.optional('HOLDFAST_SECOND_STORE_ACCESS_KEY'),
    secondStoreSecretKey: read.secret('HOLDFAST_SECOND_STORE_SECRET_KEY'),
    keyFile: read.optional('HOLDFAST_KEY_FILE') ?? join(home, 'keys', 'identity.txt'),
    tokenFile: read.optional('HOLDFAST_TOKEN_FILE') ?? join(home, 'token'),
    envFile: read.optional('HOLDFAST_ENV_FILE') ?? join(home, 'services.env'),
    listen: read.matching('HOLDFAST_LISTEN', ADDRESS, 'host:port', '127.0.0.1:0'),
    addresses: read.addresses('HOLDFAST_ADDRESSES'),
    takeoverMs: Number(
      read.matching('HOLDFAST_TAKEOVER_MS', /^[1-9]\d{2,5}$/, 'milliseconds, 100 to 999999', '8000'),
    ),
    pgBin: read.optional('HOLDFAST_PG_BIN'),
    otlpEndpoint: read.optionalUrl('OTEL_EXPORTER_OTLP_ENDPOINT', ['http:', 'https:']),
    logLevel: read.choice('HOLDFAST_LOG_LEVEL', LOG_LEVELS, 'info'),
  };
  read.together('HOLDFAST_STORE_ACCESS_KEY', 'HOLDFAST_STORE_SECRET_KEY');
  read.together('HOLDFAST_SECOND_STORE_ACCESS_KEY', 'HOLDFAST_SECOND_STORE_SECRET_KEY');
  refuseAll('CONFIG_INVALID', read.problems, { service });
  return config;
}

/** Collects problems instead of throwing; what it returns after one is never used. An empty value counts as not set. */
class Reader {
  readonly problems: Problem[] = [];
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  optional(name: string): string | undefined {
    return this.#env[name] || undefined;
  }

  secret(name: string): Secret | undefined {
    const value = this.optional(name);
    return value === undefined ? undefined : new Secret(value);
  }

  required(name: string, wanted: string): string {
    return this.optional(name) ?? this.#note(name, 'nothing', wanted);
  }

  fixed<T extends string>(name: string, value: T): T {
    const seen = this.optional(name) ?? value;
    if (seen !== value) this.#note(name, seen, value);
    return value;
  }

  matching(name: string, pattern: RegExp, wanted: string, fallback: string): string {
    const seen = this.optional(name) ?? fallback;
    return pattern.test(seen) ? seen : this.#note(name, seen, wanted);
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const seen = this.optional(name) ?? fallback;
    const found = choices.find((choice) => choice === seen);
    if (found === undefined) this.#note(name, seen, `one of ${choices.join(', ')}`);
    return found ?? fallback;
  }

  url(name: string, protocols: readonly string[], fallback: string): string {
    const seen = this.optional(name) ?? fallback;
    const parsed = URL.parse(seen);
    if (parsed === null || !protocols.includes(parsed.protocol))
      return this.#note(
        name,
        withoutPassword(seen),
        `an address that begins with ${protocols.map((each) => `${each}//`).join(' or ')}`,
      );
    return seen;
  }

  optionalUrl(name: string, protocols: readonly string[]): string | undefined {
    return this.optional(name) === undefined ? undefined : this.url(name, protocols, '');
  }

  addresses(name: string): Addresses {
    const wanted = 'a JSON object {service or service.site: "host:port"}';
    const seen = this.optional(name) ?? '{}';
    const entries = entriesOf(seen);
    if (entries === undefined) this.#note(name, seen, wanted);
    for (const [service, address] of entries ?? []) {
      if (!isAddressee(service)) this.#note(name, `service ${JSON.stringify(service)}`, ADDRESSEES_WANTED);
      if (typeof address !== 'string' || !ADDRESS.test(address))
        this.#note(name, `${service}: ${JSON.stringify(address)}`, 'host:port');
    }
    return Object.fromEntries(entries ?? []) as Addresses;
  }

  together(first: string, second: string): void {
    const [set, missing] = this.optional(first) === undefined ? [second, first] : [first, second];
    if (this.optional(set) !== undefined && this.optional(missing) === undefined)
      this.#note(missing, 'nothing', `a value, because ${set} is set`);
  }

  #note(name: string, seen: string, wanted: string): string {
    this.problems.push(problem('CONFIG_INVALID', name, `seen: ${seen}; wanted: ${wanted}`, `set ${name}`));
    return '';
  }
}

function entriesOf(json: string): [string, unknown][] | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    return parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)
      ? Object.entries(parsed)
      : undefined;
  } catch {
    return undefined;
  }
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//[secret]@');
}
