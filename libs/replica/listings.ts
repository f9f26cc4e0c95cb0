import { signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';

export interface Listed {
  readonly name: string;
  readonly bytes: number;
}

/** What both stores hold below a prefix, side by side, in the order of names; a name is in one of them at least. */
export async function* compareListings(
  prefix: string,
  { from, to, signal }: { from: ObjectStore; to: ObjectStore; signal?: AbortSignal | undefined },
): AsyncIterable<{ readonly from: Listed | undefined; readonly to: Listed | undefined }> {
  const [left, right] = [from, to].map((store) =>
    store.list(prefix, signalOption(signal))[Symbol.asyncIterator](),
  ) as [AsyncIterator<Listed>, AsyncIterator<Listed>];
  const next = async (names: AsyncIterator<Listed>): Promise<Listed | undefined> => {
    const { done, value } = await names.next();
    return done === true ? undefined : value;
  };
  let [one, other] = [await next(left), await next(right)];
  while (one !== undefined || other !== undefined) {
    const isFirst = other === undefined || (one !== undefined && one.name <= other.name);
    const isSecond = one === undefined || (other !== undefined && other.name <= one.name);
    yield { from: isFirst ? one : undefined, to: isSecond ? other : undefined };
    if (isFirst) one = await next(left);
    if (isSecond) other = await next(right);
  }
}
