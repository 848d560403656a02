import { AsyncLocalStorage } from "node:async_hooks";
import { NovacoreError } from "@novacore/protocol";
import { FairTurns } from "./fair-turns.ts";
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
 * `rate_limited` beyond historyWaitingPerIdentityMax, and `unavailable` beyond historyWaitingMax to
 * whoever has one waiting already, beyond historyPartiesMax to everybody, and after historyWaitMs.
 */
export function createHistoryTurns(): InTurn {
  const lanes: Lanes = {
    queries: new FairTurns({
      atOnceMax: limits.historyTurnsMax,
      perPartyMax: limits.historyTurnsPerIdentityMax,
      waitMs: limits.historyWaitMs,
      lateSentence: "The hub is busy with other queries; try again shortly.",
    }),
    fetches: new FairTurns({
      atOnceMax: limits.historyFetchesMax,
      perPartyMax: limits.historyFetchesPerIdentityMax,
      waitMs: limits.historyWaitMs,
      lateSentence: "The hub is busy fetching the archive's files for others; try again shortly.",
    }),
  };
  return async (identityId, signal, work) => {
    assertRoom(lanes, identityId);
    const turn = new Turn(lanes, identityId, signal);
    await turn.enter();
    try {
      return await turns.run(turn, work);
    } finally {
      turn.end();
    }
  };
}

/**
 * Does what a query has to wait for without its turn, which others have meanwhile, in a lane of its
 * own: a few at once, and of one identity fewer. Where nothing is done in turn it is done as it is.
 */
export function outsideTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = turns.getStore();
  return turn === undefined ? work() : turn.outside(work);
}

/** The turn in which something is done: between a route and a file that is missing lies much else. */
const turns = new AsyncLocalStorage<Turn>();

interface Lanes {
  readonly queries: FairTurns;
  readonly fetches: FairTurns;
}

class Turn {
  readonly #lanes: Lanes;
  readonly #identityId: string;
  readonly #signal: AbortSignal;
  #outsideCount = 0;
  #isOver = false;
  #giveBack: () => void = () => undefined;

  constructor(lanes: Lanes, identityId: string, signal: AbortSignal) {
    this.#lanes = lanes;
    this.#identityId = identityId;
    this.#signal = signal;
  }

  async enter(): Promise<void> {
    const giveBack = await this.#lanes.queries.take(this.#identityId, this.#signal);
    if (this.#isOver) giveBack();
    else this.#giveBack = giveBack;
  }

  end(): void {
    this.#isOver = true;
    this.#giveBack();
  }

  async outside<T>(work: () => Promise<T>): Promise<T> {
    this.#outsideCount++;
    this.#giveBack();
    const leaveLane = await this.#lanes.fetches.take(this.#identityId, this.#signal);
    const result = await work().finally(() => {
      leaveLane();
      this.#outsideCount--;
    });
    // The last of several brings the turn back.
    if (this.#outsideCount === 0) await this.enter();
    return result;
  }
}

function assertRoom({ queries, fetches }: Lanes, identityId: string): void {
  const own =
    queries.waitingOf(identityId) + fetches.waitingOf(identityId) + fetches.takenBy(identityId);
  if (own >= limits.historyWaitingPerIdentityMax) {
    const message = `${own} of your queries wait already; ask again when they are answered.`;
    throw new NovacoreError("rate_limited", message);
  }
  const all = queries.waiting + fetches.waiting + fetches.taken;
  // Whoever has none waiting is let in all the same, so that a few cannot keep out everybody else.
  if (all < (own === 0 ? limits.historyPartiesMax : limits.historyWaitingMax)) return;
  throw new NovacoreError("unavailable", `${all} queries wait already; ask again shortly.`);
}
