import type { NovacoreError } from "./errors.ts";
import type { TabMessage } from "./tab-platform.ts";
import type { Arrival, Connection, Credential, Opening, Transport } from "./transport.ts";

export interface TabFeedOptions {
  /** What is followed, from where, and by whom; where the stream began matters to no feed. */
  readonly opening: Omit<Opening, "credit" | "take">;
  readonly transport: Transport;
  readonly tell: (message: TabMessage) => void;
  readonly onExpiring: () => void;
  readonly onEnd: (error: NovacoreError) => void;
}

/** Readings that may be on their way; whoever hears them takes them at once. */
const credit = 1_000;

/** The one connection, held by the tab that leads: tells all what comes, as steps from position to position. */
export class TabFeed {
  readonly #options: TabFeedOptions;
  readonly #connection: Connection;
  /** Where it is; undefined until the hub has said. */
  #at: string | undefined;
  #owed = 0;
  #hasTold = false;

  constructor(options: TabFeedOptions) {
    this.#options = options;
    const { opening, transport } = options;
    const { since, cursor, snapshot, ...selection } = opening.selection;
    const take = (arrival: Arrival) => this.#take(arrival);
    this.#at = opening.resumeFrom;
    this.#connection = transport.open({ ...opening, selection, credit, take });
  }

  /** Says where it is, for who has asked. */
  answer(): void {
    if (this.#at !== undefined) this.#step(this.#at, []);
  }

  refresh(credential: Credential): void {
    this.#connection.refresh(credential);
  }

  close(): void {
    this.#connection.close();
  }

  #take(arrival: Arrival): void {
    switch (arrival.kind) {
      case "readings":
        this.#step(arrival.cursor, arrival.readings);
        this.#allow(arrival.readings.length);
        break;
      case "position":
      case "caught_up":
        this.#step(arrival.cursor, []);
        break;
      case "heard":
        if (!this.#hasTold) this.answer();
        this.#hasTold = false;
        break;
      case "reset":
        this.#at = undefined;
        this.#options.tell({ kind: "reset" });
        break;
      case "expiring":
        this.#options.onExpiring();
        break;
      case "closed":
        this.#options.onEnd(arrival.error);
        break;
      case "opened":
      case "held":
      case "liveness":
        break;
    }
  }

  /** Where nothing is known of what lies before, a step reaches back to nothing either. */
  #step(to: string, readings: Extract<TabMessage, { kind: "step" }>["readings"]): void {
    const from = this.#at ?? to;
    this.#at = to;
    this.#hasTold = true;
    this.#options.tell({ kind: "step", from, to, readings });
  }

  #allow(readings: number): void {
    this.#owed += readings;
    if (this.#owed * 2 < credit) return;
    this.#connection.allow(this.#owed);
    this.#owed = 0;
  }
}
