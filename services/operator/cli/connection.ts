import { readStack } from '#deploy/local/stack.ts';
import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import { createCaller } from '#libs/rpc/client.ts';
import { ADDRESSEES_WANTED, isAddressee, type Addresses } from '#libs/runtime/config.ts';
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

/** Throws CONFIG_INVALID with every problem: a JSON object of service name → host:port. */
export function parseAddresses(text: string): Addresses {
  const parsed = parseJson(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new HoldfastError('CONFIG_INVALID', {
      variable: 'HOLDFAST_ADDRESSES',
      wanted: 'a JSON object of service name and host:port',
    });
  }
  const problems = Object.entries(parsed).flatMap(([name, address]) => addressProblems(name, address));
  if (problems.length > 0)
    throw new HoldfastError('CONFIG_INVALID', { variable: 'HOLDFAST_ADDRESSES' }, { problems });
  return parsed as Addresses;
}

function addressProblems(name: string, address: unknown): Problem[] {
  const wrong = isAddressee(name)
    ? []
    : [problem('CONFIG_INVALID', name, `no such service, wanted ${ADDRESSEES_WANTED}`)];
  const fits = typeof address === 'string' && /^\S+:\d+$/.test(address);
  return fits
    ? wrong
    : [...wrong, problem('CONFIG_INVALID', name, `address ${JSON.stringify(address)} is not host:port`)];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
