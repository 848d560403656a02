export interface BackOff {
  /** Wait after the first failure, doubled with each, up to the most. */
  readonly backoffMs: number;
  readonly backoffMostMs: number;
}

/**
 * Half of the back-off for certain and half by chance, so that clients which lost their connection
 * together come back apart. What the hub asks for is the least, up to ten minutes, with a little
 * chance on top, as a Retry-After in whole seconds is the same for many. `attempt` counts from 0,
 * `random` is 0 to 1.
 */
export function backOffMs(
  hintMs: number | undefined,
  attempt: number,
  { random, timing }: { readonly random: number; readonly timing: BackOff },
): number {
  const { backoffMs, backoffMostMs } = timing;
  const most = Math.min(backoffMostMs, backoffMs * 2 ** Math.min(attempt, 30));
  // What is no number is no hint, and compares as false.
  const askedMs = hintMs !== undefined && hintMs > 0 ? Math.min(hintMs, hintMostMs) : 0;
  const least = askedMs * (1 + random / 4);
  return Math.round(Math.max(least, (most * (1 + random)) / 2));
}

/** A wrong hint, perhaps a proxy's, must not keep a client away for days. */
export const hintMostMs = 600_000;
