import type { MethodDefinition } from '@grpc/proto-loader';
import { requireService } from '#libs/contracts/load.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';

/** Manifests and listings travel whole; pages and streams keep everything else far below. */
export const MESSAGE_BYTES_MAX = 64 << 20;

export type Method = MethodDefinition<object, object>;

/** By full service name and camelCase method. Throws INTERNAL: a fault of the caller. */
export function requireMethod(grpcService: string, method: string): Method {
  const found = requireService(grpcService)[`${method.charAt(0).toUpperCase()}${method.slice(1)}`];
  if (found === undefined)
    throw new HoldfastError('INTERNAL', { reason: 'no such method in the protos', grpcService, method });
  return found;
}
