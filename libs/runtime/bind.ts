import type { BoundMethod, BoundServices, CallFacts } from '#libs/rpc/caller.ts';
import type { CallContext, RpcHandler, ServiceContract } from './contract.ts';
import type { Host } from './host.ts';

type CallHost = Pick<Host, 'log'> & { readonly repository: Pick<Host['repository'], 'refresh'> };

/** The contract's methods with their service's ports, as the gRPC server and the inline caller take them. */
export function bindServices<Ports>(
  contract: ServiceContract<Ports>,
  ports: Ports,
  host: CallHost,
): BoundServices {
  return Object.fromEntries(
    Object.entries(contract.serves).map(([service, methods]) => [
      service,
      Object.fromEntries(
        Object.entries(methods).map(([method, handler]) => [
          method,
          bound(handler, ports, { ...host, log: host.log.child({ method: `${service}/${method}` }) }),
        ]),
      ),
    ]),
  );
}

function bound<Ports>(handler: RpcHandler<Ports>, ports: Ports, { log, repository }: CallHost): BoundMethod {
  const contextOf = ({ principal, signal }: CallFacts): CallContext => ({ principal, signal, log });
  // The request was decoded as the very message the contract names for the method.
  if ('unary' in handler)
    return {
      async unary(request, facts) {
        await repository.refresh();
        return await handler.unary(request as never, contextOf(facts), ports);
      },
    };
  return {
    async *stream(request, facts) {
      await repository.refresh();
      yield* handler.stream(request as never, contextOf(facts), ports);
    },
  };
}
