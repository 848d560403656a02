export interface BackOff {
  /** Wait after the first failure, doubled with each, up to the most. */
  readonly backoffMs: number;
  readonly backoffMostMs: number;
}

/**
 * Half of the back-off for certain and half by chance, so that clients which lost their connection
 * together come back apart. What the hub asks for is the least, with a little chance on top, as a
 * Retry-After in whole seconds is the same for many. `attempt` counts from 0, `random` is 0 to 1.
 */
export function backOffMs(
  hintMs: number | undefined,
  attempt: number,
  { random, timing }: { readonly random: number; readonly timing: BackOff },
): number {
  const { backoffMs, backoffMostMs } = timing;
  const most = Math.min(backoffMostMs, backoffMs * 2 ** Math.min(attempt, 30));
  const least = hintMs === undefined ? 0 : hintMs * (1 + random / 4);
  return Math.round(Math.max(least, (most * (1 + random)) / 2));
}
