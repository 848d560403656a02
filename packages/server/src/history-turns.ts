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
 * `rate_limited` beyond historyWaitingPerIdentityMax, `unavailable` beyond historyWaitingMax.
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
    let hasTurn = false;
    const takeTurn = () => {
      if (!hasTurn) waiting--;
      hasTurn = true;
    };
    try {
      return await turnstile.pass(async () => {
        takeTurn();
        // Whoever went away while it waited costs nothing more.
        signal.throwIfAborted();
        return work();
      }, identityId);
    } finally {
      takeTurn();
    }
  };
}
