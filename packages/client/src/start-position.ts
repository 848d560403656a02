import type { Arrival, StreamSelection } from "./transport.ts";

/**
 * Where a stream's next connection starts: where the caller wants it, and later behind what came.
 *
 * A snapshot that was cut off is asked for again as a whole, since its readings are older than the
 * position that it is of; what comes twice is dropped. With `since` beside it, that begins again too.
 */
export class StartPosition {
  readonly #selection: StreamSelection;
  #isSnapshotDue: boolean;
  #resumeFrom: string | undefined;

  constructor(selection: StreamSelection) {
    this.#selection = selection;
    this.#isSnapshotDue = selection.snapshot === true;
  }

  next(): {
    readonly selection: StreamSelection;
    readonly resumeFrom: string | undefined;
    /** The hub says when it has caught up. */
    readonly hasPast: boolean;
  } {
    const { since, cursor, snapshot } = this.#selection;
    const isPastWanted = since !== undefined || cursor !== undefined || snapshot === true;
    const resumeFrom = this.#resumeFrom;
    const hasPast = isPastWanted || resumeFrom !== undefined;
    return { selection: this.#selection, resumeFrom, hasPast };
  }

  take(arrival: Arrival): void {
    if (arrival.kind === "caught_up") this.#isSnapshotDue = false;
    if (this.#isSnapshotDue || !("cursor" in arrival)) return;
    this.#resumeFrom = arrival.cursor;
  }
}
