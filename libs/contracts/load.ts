import {
  loadFileDescriptorSetFromObject,
  type MessageTypeDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader';
import { HoldfastError, problem, refuseAll } from '#libs/kernel/errors.ts';
import { descriptorSet, messageSet } from './gen/descriptor-set.ts';

/** Encoding and decoding of one message type. */
export type MessageCodec = MessageTypeDefinition<object, object>;

let loaded: PackageDefinition | undefined;

/** Every message and service of the contracts, loaded once from the committed descriptors: no .proto file is read. */
export function packageDefinition(): PackageDefinition {
  loaded ??= loadFileDescriptorSetFromObject(JSON.parse(messageSet), {
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  return loaded;
}

/** One proto file: what it declares, and its FileDescriptorProto as reflection serves it. */
export interface ProtoFile {
  readonly name: string;
  readonly package: string;
  readonly dependency: readonly string[];
  readonly symbols: readonly string[];
  readonly services: readonly string[];
  readonly bytes: Buffer;
}

export function protoFiles(): ProtoFile[] {
  const { file: files } = JSON.parse(messageSet) as { file: readonly FileJson[] };
  const bytes = splitSet(Buffer.from(descriptorSet, 'base64'));
  return files.map((file, index) => {
    const qualified = (name: string) => `${file.package}.${name}`;
    const services = (file.service ?? []).map(({ name }) => qualified(name));
    const methods = (file.service ?? []).flatMap(({ name, method }) =>
      (method ?? []).map((each) => qualified(`${name}.${each.name}`)),
    );
    const types = [...(file.messageType ?? []), ...(file.enumType ?? [])].map(({ name }) => qualified(name));
    return {
      name: file.name,
      package: file.package,
      dependency: file.dependency ?? [],
      symbols: [...services, ...methods, ...types],
      services,
      bytes: bytes[index]!,
    };
  });
}

/** Throws INTERNAL for a name that is not in the protos: a fault of the caller. */
export function requireMessage(fullName: string): MessageCodec {
  const found = packageDefinition()[fullName];
  if (found === undefined || !isMessage(found))
    throw new HoldfastError('INTERNAL', { reason: 'no such message in the protos', name: fullName });
  return found;
}

/** As `requireMessage`, for a service. Methods have the names of the proto (PascalCase). */
export function requireService(fullName: string): ServiceDefinition {
  const found = packageDefinition()[fullName];
  if (found === undefined || isMessage(found) || 'format' in found) {
    throw new HoldfastError('INTERNAL', { reason: 'no such service in the protos', name: fullName });
  }
  return found as ServiceDefinition;
}

/**
 * Message → the form the other side sees: defaults filled in, numbers and enums normalised. Throws MESSAGE_MALFORMED
 * with every field of the message itself that the proto does not know, which encoding alone would drop without a word.
 */
export function encodeMessage(codec: MessageCodec, message: object): Buffer {
  const { name, field } = codec.type as Descriptor;
  const known = new Set(field.map((each) => each.name));
  const unknown = Object.keys(message).filter((key) => !known.has(key));
  refuseAll(
    'MESSAGE_MALFORMED',
    unknown.map((key) => problem('MESSAGE_MALFORMED', key, `${name} has no field ${JSON.stringify(key)}`)),
    { message: name },
  );
  return codec.serialize(message);
}

export function decodeMessage(codec: MessageCodec, bytes: Buffer): object {
  return codec.deserialize(bytes);
}

/**
 * As `decodeMessage`, for what a client of any version sent. Throws MESSAGE_MALFORMED for bytes that are no such message,
 * VERSION_MISMATCH with every field of the message itself, and every choice, that we do not know: a wish that is passed
 * over without a word (beside the living system, one component only) would be another wish.
 */
export function decodeRequest(codec: MessageCodec, bytes: Buffer): object {
  const { name, field } = codec.type as Descriptor;
  const { message, numbers } = tryDecode(codec, bytes, name);
  const known = new Set(field.map(({ number }) => number));
  const unknown = numbers.filter((number) => !known.has(number)).map((number) => `field ${number}`);
  const choices = field.filter(({ type }) => type === 'TYPE_ENUM').map((each) => each.name);
  const chosen = (each: string): unknown => message[each as keyof typeof message];
  // A name for every value that we know; for others the decoder leaves the number.
  const odd = choices.filter((each) => typeof chosen(each) === 'number');
  refuseAll(
    'VERSION_MISMATCH',
    [...unknown, ...odd.map((each) => `${each} ${String(chosen(each))}`)].map((subject) =>
      problem('VERSION_MISMATCH', subject, `is not known to ${name} here`),
    ),
    { message: name },
  );
  return message;
}

function tryDecode(codec: MessageCodec, bytes: Buffer, name: string) {
  try {
    return { message: codec.deserialize(bytes), numbers: [...new Set(fieldNumbers(bytes))] };
  } catch (cause) {
    throw new HoldfastError('MESSAGE_MALFORMED', { message: name, reason: 'cannot be decoded' }, { cause });
  }
}

interface Descriptor {
  readonly name: string;
  readonly field: readonly { readonly name: string; readonly number: number; readonly type: string }[];
}

function isMessage(definition: PackageDefinition[string]): definition is MessageCodec {
  return 'format' in definition && definition.format === 'Protocol Buffer 3 DescriptorProto';
}

interface FileJson {
  readonly name: string;
  readonly package: string;
  readonly dependency?: readonly string[];
  readonly messageType?: readonly { readonly name: string }[];
  readonly enumType?: readonly { readonly name: string }[];
  readonly service?: readonly {
    readonly name: string;
    readonly method?: readonly { readonly name: string }[];
  }[];
}

/** FileDescriptorSet is one repeated field: tag 0x0a, length, bytes. */
function splitSet(set: Buffer): Buffer[] {
  const files: Buffer[] = [];
  for (let at = 0; at < set.length;) {
    const { value, next } = readVarint(set, at + 1);
    files.push(set.subarray(next, next + value));
    at = next + value;
  }
  return files;
}

/** Of a message that could be decoded, which says nothing of a last text that was cut off (protobufjs 7.6, 2026-11). */
function* fieldNumbers(bytes: Buffer): Iterable<number> {
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    yield Math.floor(tag.value / 8);
    const wireType = tag.value % 8;
    if (wireType === 1 || wireType === 5) at = tag.next + (wireType === 1 ? 8 : 4);
    else if (wireType === 0 || wireType === 2) {
      const { value, next } = readVarint(bytes, tag.next);
      at = wireType === 0 ? next : next + value;
    } else throw new RangeError(`wire type ${wireType}`);
  }
  if (at !== bytes.length) throw new RangeError('cut off');
}

function readVarint(bytes: Buffer, start: number): { value: number; next: number } {
  let value = 0;
  for (let at = start, shift = 0; ; at += 1, shift += 7) {
    const byte = bytes[at]!;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next: at + 1 };
  }
}
