import { status, type ServerDuplexStream, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { protoFiles, type ProtoFile } from '#libs/contracts/load.ts';

/**
 * grpc.reflection.v1 (and v1alpha, same shape) from the committed descriptors. The package of the field reads its own
 * proto from disk, which a one-file bundle does not have, and rebuilds descriptors that break on maps.
 */
export function reflection(served: ReadonlySet<string>): UntypedServiceImplementation {
  const files = protoFiles();
  return {
    serverReflectionInfo: (call: ServerDuplexStream<ReflectionRequest, object>) => {
      call.on('end', () => call.end());
      call.on('data', (request: ReflectionRequest) =>
        call.write({ validHost: request.host, originalRequest: request, ...answer(files, served, request) }),
      );
    },
  };
}

interface ReflectionRequest {
  readonly host: string;
  /** Which one was asked; oneofs keep the proto's own name. */
  readonly message_request?: string;
  readonly fileByFilename?: string;
  readonly fileContainingSymbol?: string;
}

function answer(
  files: readonly ProtoFile[],
  served: ReadonlySet<string>,
  request: ReflectionRequest,
): object {
  switch (request.message_request) {
    case 'listServices':
      return { listServicesResponse: { service: [...served].toSorted().map((name) => ({ name })) } };
    case 'fileByFilename':
      return described(
        files,
        files.find(({ name }) => name === request.fileByFilename),
      );
    case 'fileContainingSymbol':
      return described(
        files,
        files.find(({ symbols }) =>
          symbols.some((symbol) => declares(symbol, request.fileContainingSymbol ?? '')),
        ),
      );
    default:
      return refusal(status.UNIMPLEMENTED, `not offered: ${request.message_request ?? 'empty request'}`);
  }
}

/** A field or nested name is found by the message that declares it. */
function declares(symbol: string, wanted: string): boolean {
  return wanted === symbol || wanted.startsWith(`${symbol}.`);
}

/** With all that it imports: clients of reflection ask for one file and expect it to stand alone. */
function described(files: readonly ProtoFile[], found: ProtoFile | undefined): object {
  if (found === undefined) return refusal(status.NOT_FOUND, 'no such symbol or file');
  const closure = new Set<ProtoFile>([found]);
  for (const file of closure) {
    for (const name of file.dependency) {
      const imported = files.find((each) => each.name === name);
      if (imported !== undefined) closure.add(imported);
    }
  }
  return { fileDescriptorResponse: { fileDescriptorProto: [...closure].map(({ bytes }) => bytes) } };
}

function refusal(errorCode: status, errorMessage: string): object {
  return { errorResponse: { errorCode, errorMessage } };
}
