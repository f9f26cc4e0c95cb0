import { readStack } from '#deploy/local/stack.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { createCaller } from '#libs/rpc/client.ts';
import { parseAddresses, type Addresses } from '#libs/runtime/addresses.ts';
import { tokenFile } from '#libs/rpc/token.ts';
import type { Context } from './command.ts';
import { frontDoorOf, type FrontDoor } from './front-door.ts';

/** Runs the work with the front door of the stack; the connection ends with it. Throws SERVICE_UNREACHABLE. */
export async function withFrontDoor<T>(context: Context, work: (door: FrontDoor) => Promise<T>): Promise<T> {
  using connection = await openFrontDoor(context);
  return await work(connection.door);
}

/** As `withFrontDoor`, for a stream that is read after the command has answered. */
export async function openFrontDoor(
  context: Context,
  signal: AbortSignal = context.interrupts.signal,
): Promise<Disposable & { readonly door: FrontDoor }> {
  const { addresses, token } = await findServices(context);
  const caller = createCaller({ addresses, token: tokenFile(token) });
  const door = frontDoorOf(caller, signal);
  return { door, [Symbol.dispose]: () => caller[Symbol.dispose]() };
}

/** `HOLDFAST_ADDRESSES` and `HOLDFAST_TOKEN_FILE` name services elsewhere; otherwise the stack of the home folder. */
async function findServices({ env, home }: Context): Promise<{ addresses: Addresses; token: string }> {
  const token = env['HOLDFAST_TOKEN_FILE'] || home.tokenFile;
  const named = env['HOLDFAST_ADDRESSES'];
  if (named !== undefined && named !== '') return { addresses: parseAddresses(named), token };
  const stack = await readStack(home.folder);
  if (stack?.running !== true) {
    const reason = stack === undefined ? 'no stack was started on this home' : 'the stack is not running';
    throw new HoldfastError('SERVICE_UNREACHABLE', { home: home.folder, reason });
  }
  return { addresses: stack.addresses, token: env['HOLDFAST_TOKEN_FILE'] || stack.tokenFile };
}
