import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import {
  loadFileDescriptorSetFromBuffer,
  loadSync,
  type MethodDefinition,
  type MessageTypeDefinition,
  type PackageDefinition,
} from '@grpc/proto-loader';

/** A client of the field: it knows the address, a token, and what the server tells of itself by reflection. */
export interface OutsideClient extends Disposable {
  /** `package.Service/Method` → what it is called with; without those of gRPC itself. */
  readonly methods: ReadonlyMap<string, Method>;
  call(method: string, request: object, how?: How): Promise<Outcome>;
  /** The request as bytes, whatever they are. */
  callRaw(method: string, bytes: Buffer, how?: How): Promise<Outcome>;
  /** Ends, throws the refusal, or is left by its reader, which cancels the call. */
  stream(method: string, request: object, how?: How): AsyncIterable<Fields>;
}

export interface How {
  /** `null` for none; the right one when not given. */
  readonly token?: string | null;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export type Fields = Readonly<Record<string, any>>;
export type Outcome = { readonly answer: Fields; readonly refused?: never } | Refused;
interface Refused {
  readonly answer?: never;
  readonly refused: Refusal;
}

/** What a client sees that knows the standard error details and nothing of ours. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly remedy: string;
  /** Subjects of BadRequest or PreconditionFailure. */
  readonly subjects: readonly string[];
}

interface Method extends MethodDefinition<object, object> {
  readonly requestFields: readonly FieldFacts[];
}

export interface FieldFacts {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly label: string;
}

const REFLECTION = 'node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto';
const SHAPES = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };
const STANDARD = ['Status', 'ErrorInfo', 'LocalizedMessage', 'BadRequest', 'PreconditionFailure'];

export async function openOutsideClient(address: string, token: string): Promise<OutsideClient> {
  const client = new Client(address, credentials.createInsecure());
  const told = await askReflection(client);
  const known = methodsIn(told);
  const own = new Map([...known].filter(([name]) => !name.startsWith('grpc.')));
  const require = (name: string): Method => {
    const method = known.get(name);
    if (method === undefined) throw new Error(`${address} serves no ${name}`);
    return method;
  };
  const raw = async (path: string, bytes: Buffer, decode: (bytes: Buffer) => object, how: How) => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const call = client.makeUnaryRequest(
      path,
      (each: Buffer) => each,
      decode,
      bytes,
      metadataOf(how, token),
      deadlineOf(how),
      (cause, answer) => resolve(cause === null ? { answer: answer! } : { refused: refusalOf(cause, told) }),
    );
    how.signal?.addEventListener('abort', () => call.cancel(), { once: true });
    return await promise;
  };
  return {
    methods: own,
    call: async (name, request, how = {}) => {
      const { path, requestSerialize, responseDeserialize } = require(name);
      return await raw(path, requestSerialize(request), responseDeserialize, how);
    },
    callRaw: (name, bytes, how = {}) =>
      raw(`/${name}`, bytes, known.get(name)?.responseDeserialize ?? (() => ({})), how),
    async *stream(name, request, how = {}) {
      const { path, requestSerialize, responseDeserialize } = require(name);
      const call = client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadataOf(how, token),
        deadlineOf(how),
      );
      how.signal?.addEventListener('abort', () => call.cancel(), { once: true });
      try {
        yield* call as AsyncIterable<Fields>;
      } catch (thrown) {
        throw new StreamRefused(refusalOf(thrown as ServiceError, told));
      } finally {
        call.on('error', () => {});
        call.cancel();
      }
    },
    [Symbol.dispose]: () => client.close(),
  };
}

export class StreamRefused extends Error {
  readonly refused: Refusal;
  constructor(refused: Refusal) {
    super(`${refused.code}: ${refused.message}`);
    this.refused = refused;
  }
}

function metadataOf({ token: given }: How, right: string): Metadata {
  const metadata = new Metadata();
  if (given !== null) metadata.set('authorization', `Bearer ${given ?? right}`);
  return metadata;
}

function deadlineOf({ deadlineMs }: How): { deadline?: number } {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
}

function refusalOf(cause: ServiceError, told: PackageDefinition): Refusal {
  const bytes = cause.metadata?.get('grpc-status-details-bin')[0];
  const details = bytes === undefined ? {} : detailsIn(bytes as Buffer, told);
  const info = details['google.rpc.ErrorInfo'] ?? { reason: '', metadata: [] };
  const violations =
    details['google.rpc.BadRequest']?.['field_violations'] ??
    details['google.rpc.PreconditionFailure']?.['violations'] ??
    [];
  return {
    code: status[cause.code],
    message: cause.details,
    reason: info['reason'],
    // The loader takes a map of descriptors for a list of entries.
    metadata: Object.fromEntries(
      (info['metadata'] as { key: string; value: string }[]).map(({ key, value }) => [key, value]),
    ),
    remedy: details['google.rpc.LocalizedMessage']?.['message'] ?? '',
    subjects: (violations as Fields[]).map(({ field, subject }) => field ?? subject),
  };
}

function detailsIn(bytes: Buffer, told: PackageDefinition): Readonly<Record<string, Fields>> {
  const decode = (type: string, packed: Buffer): Fields =>
    (told[type] as MessageTypeDefinition<object, object>).deserialize(packed);
  const { details } = decode('google.rpc.Status', bytes) as {
    details: { type_url: string; value: Buffer }[];
  };
  return Object.fromEntries(
    details.map(({ type_url: url, value }) => {
      const type = url.slice(url.lastIndexOf('/') + 1);
      return [type, told[type] === undefined ? {} : decode(type, value)];
    }),
  );
}

function methodsIn(told: PackageDefinition): ReadonlyMap<string, Method> {
  const methods = new Map<string, Method>();
  for (const [service, definition] of Object.entries(told)) {
    if ('format' in definition) continue;
    for (const [name, method] of Object.entries(definition)) {
      const { field } = method.requestType.type as { field: readonly FieldFacts[] };
      methods.set(`${service}/${name}`, { ...method, requestFields: field });
    }
  }
  return methods;
}

/** Files of all services that the server names, and of the standard details. */
async function askReflection(client: Client): Promise<PackageDefinition> {
  const method = (
    loadSync(REFLECTION, SHAPES)['grpc.reflection.v1.ServerReflection'] as Record<
      string,
      MethodDefinition<object, object>
    >
  )['ServerReflectionInfo']!;
  const call = client.makeBidiStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    new Metadata(),
  );
  const answers = call[Symbol.asyncIterator]() as AsyncIterator<Fields>;
  const ask = async (question: object): Promise<Fields> => {
    call.write(question);
    return (await answers.next()).value as Fields;
  };
  const listed = await ask({ list_services: '' });
  const names: string[] = listed['list_services_response'].service.map((each: Fields) => each['name']);
  const files = new Map<string, Buffer>();
  for (const symbol of [...names, ...STANDARD.map((each) => `google.rpc.${each}`)]) {
    const { file_descriptor_response: found } = await ask({ file_containing_symbol: symbol });
    for (const bytes of found.file_descriptor_proto as Buffer[]) files.set(bytes.toString('base64'), bytes);
  }
  call.end();
  const set = Buffer.concat([...files.values()].flatMap((file) => [prefixOf(file.length), file]));
  return loadFileDescriptorSetFromBuffer(set, SHAPES);
}

/** FileDescriptorSet { repeated FileDescriptorProto file = 1 }: tag and length of one entry. */
function prefixOf(length: number): Buffer {
  const bytes = [0x0a];
  let rest = length;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
