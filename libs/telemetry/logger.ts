import pino, { type DestinationStream, type Logger } from 'pino';
import { CATALOGUE } from '#libs/kernel/catalogue.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Log } from './log.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Names whose values never belong in a log, at the first three levels of an event. */
const SECRET_NAMES = [
  'password',
  'passwd',
  'secret',
  'token',
  'authorization',
  'secretKey',
  'accessKey',
  'identity',
  'privateKey',
  'value',
  'env',
];
/** `user:password@` of an address inside any text. */
const URL_PASSWORD = /(:\/\/[^\s:@/"\\]*):[^\s@/"\\]+@/g;
/** Deeper chains are loops or noise. */
const CAUSES_MAX = 8;

/** JSON lines on standard error (standard output belongs to answers); written at once, so that a crash loses none. */
export function openLogger(options: {
  site?: string;
  level?: LogLevel;
  destination?: DestinationStream;
}): Log {
  const { site, level = levelOf(process.env), destination = standardError() } = options;
  const logger = pino(
    {
      level,
      base: site === undefined ? {} : { site },
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (thrown: unknown) => chainOf(thrown) },
      redact: {
        paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[secret]',
      },
      hooks: { streamWrite: (line) => line.replaceAll(URL_PASSWORD, '$1:[secret]@') },
    },
    destination,
  );
  return logOf(logger);
}

/** What a full disk takes of the log beyond this is lost; the service is not. */
const UNWRITTEN_BYTES_MAX = 1 << 20;

function standardError(): DestinationStream {
  const destination = pino.destination({ fd: 2, sync: true, maxLength: UNWRITTEN_BYTES_MAX });
  destination.on('error', () => {});
  return destination;
}

function levelOf(env: Readonly<Record<string, string | undefined>>): LogLevel {
  return LOG_LEVELS.find((level) => level === env['HOLDFAST_LOG_LEVEL']) ?? 'info';
}

function logOf(logger: Logger): Log {
  return {
    info: (event, fields = {}) => logger.info(fields, event),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, fields = {}) => logger.error(fields, event),
    child: (fields) => logOf(logger.child(fields)),
  };
}

/** The chain once, each link with its own text; a stack only where it is our fault. */
function chainOf(thrown: unknown, depth = 0): object {
  if (!(thrown instanceof Error)) return { message: String(thrown) };
  const cause =
    thrown.cause === undefined || depth >= CAUSES_MAX ? {} : { cause: chainOf(thrown.cause, depth + 1) };
  if (thrown instanceof HoldfastError) {
    const { code, message, remedy, details, problems } = thrown;
    const stack = CATALOGUE[code].retry === 'bug' ? { stack: thrown.stack } : {};
    return {
      code,
      message,
      remedy,
      details,
      ...(problems.length > 0 ? { problems } : {}),
      ...stack,
      ...cause,
    };
  }
  const code = (thrown as { code?: unknown }).code;
  return {
    name: thrown.name,
    message: thrown.message,
    ...(code === undefined ? {} : { code }),
    stack: thrown.stack,
    ...cause,
  };
}
