/** Who acts: run, epoch and claim. */
export interface Token {
  readonly runId: string;
  readonly epoch: number;
  readonly claim: number;
}

export function isLater(a: Pick<Token, 'epoch' | 'claim'>, b: Pick<Token, 'epoch' | 'claim'>): boolean {
  return a.epoch === b.epoch ? a.claim > b.claim : a.epoch > b.epoch;
}

export const showToken = ({ runId, epoch, claim }: Token): string => `${runId.slice(0, 8)}.${epoch}.${claim}`;
