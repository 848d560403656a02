import { NovacoreError } from "@novacore/protocol";
import { Turnstile } from "./deliver/turnstile.ts";
import { limits } from "./limits.ts";

/** Runs a query of the past when the turn of whoever asks for it comes. */
export type InTurn = <T>(
  identityId: string,
  signal: AbortSignal,
  work: () => Promise<T>,
) => Promise<T>;

/**
 * Lets a few queries of the past run at once, from the reading of the stream to the answer, and the
 * identities that wait in turn: one that asks for a hundred delays another by one. Throws
 * `rate_limited` beyond historyWaitingPerIdentityMax, `unavailable` beyond historyWaitingMax and to
 * whoever has waited for historyWaitMs.
 */
export function createHistoryTurns(): InTurn {
  const turnstile = new Turnstile(limits.historyTurnsMax);
  let waiting = 0;
  return async (identityId, signal, work) => {
    const own = turnstile.waitingOf(identityId);
    if (own >= limits.historyWaitingPerIdentityMax) {
      const message = `${own} of your queries wait already; ask again when they are answered.`;
      throw new NovacoreError("rate_limited", message);
    }
    if (waiting >= limits.historyWaitingMax) {
      const message = `${waiting} queries wait already; ask again shortly.`;
      throw new NovacoreError("unavailable", message);
    }
    waiting++;
    const gaveUp = Promise.withResolvers<never>();
    let hasLeft = false;
    const leave = (reason: unknown) => {
      hasLeft = true;
      gaveUp.reject(reason);
    };
    const timer = setTimeout(() => {
      leave(new NovacoreError("unavailable", "The hub is busy with other queries."));
    }, limits.historyWaitMs);
    const abort = () => leave(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    const stopWaiting = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    };
    const answer = turnstile.pass(async () => {
      waiting--;
      stopWaiting();
      // Whoever left while it waited costs nothing more than its place in the line.
      if (hasLeft) return gaveUp.promise;
      signal.throwIfAborted();
      return work();
    }, identityId);
    return Promise.race([answer, gaveUp.promise]).finally(stopWaiting);
  };
}
