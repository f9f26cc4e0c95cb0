import type { BoundMethod, BoundServices, CallFacts } from '#libs/rpc/caller.ts';
import type { Log } from '#libs/telemetry/log.ts';
import type { CallContext, RpcHandler, ServiceContract } from './contract.ts';

/** The contract's methods with their service's ports, as the gRPC server and the inline caller take them. */
export function bindServices<Ports>(contract: ServiceContract<Ports>, ports: Ports, log: Log): BoundServices {
  return Object.fromEntries(
    Object.entries(contract.serves).map(([service, methods]) => [
      service,
      Object.fromEntries(
        Object.entries(methods).map(([method, handler]) => [
          method,
          bound(handler, ports, log.child({ method: `${service}/${method}` })),
        ]),
      ),
    ]),
  );
}

function bound<Ports>(handler: RpcHandler<Ports>, ports: Ports, log: Log): BoundMethod {
  const contextOf = ({ principal, signal }: CallFacts): CallContext => ({ principal, signal, log });
  // The request was decoded as the very message the contract names for the method.
  if ('unary' in handler)
    return { unary: (request, facts) => handler.unary(request as never, contextOf(facts), ports) };
  return { stream: (request, facts) => handler.stream(request as never, contextOf(facts), ports) };
}
