import { Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { decodeMessage, encodeMessage, requireMessage } from '#libs/contracts/load.ts';
import type { ErrorRecord__Output as WireError } from '#libs/contracts/gen/holdfast/common/v1/ErrorRecord.ts';
import { isErrorCode } from '#libs/kernel/catalogue.ts';
import { HoldfastError, type ErrorDetails, type ErrorRecord, type Problem } from '#libs/kernel/errors.ts';

const DETAILS_KEY = 'grpc-status-details-bin';
const TYPE_PREFIX = 'type.googleapis.com/';
const RECORD = 'holdfast.common.v1.ErrorRecord';
const DOMAIN = 'holdfast';
/** HTTP/2 peers take 64 KiB of headers, base64 adds a third; the rest of a longer list is counted, not sent. */
const DETAILS_BYTES_MAX = 40 << 10;

/**
 * What goes over the wire: status and the standard details (ErrorInfo, LocalizedMessage with the remedy, and the list
 * of problems) for any client, the whole record for ours.
 */
export function statusOf(
  thrown: unknown,
): Partial<StatusObject> & { code: status; details: string; metadata: Metadata } {
  const error = HoldfastError.from(thrown);
  const code = status[error.entry.status];
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, encodeDetails(code, error.toRecord()));
  return { code, details: error.message, metadata };
}

/** The other way round; a status without our record came from the transport. */
export function errorOf(
  cause: ServiceError,
  where: { readonly service: string; readonly address: string },
): HoldfastError {
  const bytes = cause.metadata?.get(DETAILS_KEY)[0];
  const record = bytes instanceof Buffer ? decodeDetails(bytes) : undefined;
  if (record !== undefined) return HoldfastError.fromRecord(record);
  switch (cause.code) {
    case status.UNAVAILABLE:
      return new HoldfastError('SERVICE_UNREACHABLE', { ...where, reason: cause.details }, { cause });
    case status.DEADLINE_EXCEEDED:
      return new HoldfastError('DEADLINE_EXCEEDED', where, { cause });
    case status.CANCELLED:
      return new HoldfastError('CANCELLED', where, { cause });
    case status.UNAUTHENTICATED:
      return new HoldfastError('UNAUTHENTICATED', where, { cause });
    case status.UNIMPLEMENTED:
      return new HoldfastError('VERSION_MISMATCH', { ...where, reason: cause.details }, { cause });
    default:
      return new HoldfastError(
        'INTERNAL',
        { ...where, status: status[cause.code], reason: cause.details },
        { cause },
      );
  }
}

function encodeDetails(code: status, record: ErrorRecord): Buffer {
  const bytes = encodeStatus(code, record);
  if (bytes.length <= DETAILS_BYTES_MAX) return bytes;
  if (record.problems.length > 0) {
    const problems = record.problems.slice(0, record.problems.length >> 1);
    const omitted = record.problems.length - problems.length + Number(record.details['problemsOmitted'] ?? 0);
    return encodeDetails(code, {
      ...record,
      problems,
      details: { ...record.details, problemsOmitted: omitted },
    });
  }
  return encodeStatus(code, { ...record, message: record.message.slice(0, 4_096), details: {} });
}

function encodeStatus(code: status, record: ErrorRecord): Buffer {
  const { details, ...rest } = record;
  return encodeMessage(requireMessage('google.rpc.Status'), {
    code,
    message: record.message.slice(0, 4_096),
    details: [
      any('google.rpc.ErrorInfo', { reason: record.code, domain: DOMAIN, metadata: metadataOf(details) }),
      any('google.rpc.LocalizedMessage', { locale: 'en', message: `${record.message}; ${record.remedy}` }),
      ...violations(code, record.problems),
      any(RECORD, { ...rest, detailsJson: JSON.stringify(details) }),
    ],
  });
}

/** Every variable of the message, as text; the remedy has a place of its own. A map is a list of entries to our codec. */
function metadataOf(details: ErrorDetails): readonly { key: string; value: string }[] {
  return Object.entries(details)
    .filter(([key, value]) => key !== 'remedy' && value !== undefined)
    .map(([key, value]) => ({ key, value: typeof value === 'string' ? value : JSON.stringify(value) }));
}

/** The list of problems as the field knows it: of the request when that is wrong, else of the state it meets. */
function violations(code: status, problems: readonly Problem[]): readonly object[] {
  if (problems.length === 0) return [];
  const described = problems.map((each) => ({ ...each, description: `${each.message}; ${each.remedy}` }));
  if (code === status.INVALID_ARGUMENT)
    return [
      any('google.rpc.BadRequest', {
        fieldViolations: described.map(({ subject, description, code: reason }) => ({
          field: subject,
          description,
          reason,
        })),
      }),
    ];
  return [
    any('google.rpc.PreconditionFailure', {
      violations: described.map(({ subject, description, code: type }) => ({ type, subject, description })),
    }),
  ];
}

function any(type: string, message: object): { typeUrl: string; value: Buffer } {
  return { typeUrl: `${TYPE_PREFIX}${type}`, value: encodeMessage(requireMessage(type), message) };
}

function decodeDetails(bytes: Buffer): ErrorRecord | undefined {
  const decoded = decodeMessage(requireMessage('google.rpc.Status'), bytes) as {
    details: { typeUrl: string; value: Buffer }[];
  };
  const packed = decoded.details.find(({ typeUrl }) => typeUrl === `${TYPE_PREFIX}${RECORD}`);
  if (packed === undefined) return undefined;
  const wire = decodeMessage(requireMessage(RECORD), packed.value) as WireError;
  const problems = wire.problems.map((each): Problem => ({
    ...each,
    code: isErrorCode(each.code) ? each.code : 'INTERNAL',
  }));
  // A newer service may know codes that we do not: `fromRecord` makes them INTERNAL and keeps message and remedy.
  return {
    code: wire.code as ErrorRecord['code'],
    message: wire.message,
    remedy: wire.remedy,
    details: JSON.parse(wire.detailsJson || '{}') as ErrorDetails,
    problems,
  };
}
