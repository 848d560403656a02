import { decodeCursor } from "@novacore/protocol/cursor";
import type { NovacoreError } from "./errors.ts";
import { TabFeed } from "./tab-feed.ts";
import type { TabChannel, TabMessage, Tabs } from "./tab-platform.ts";
import type { Arrival, Connection, Credential, Opening, Transport } from "./transport.ts";

export interface TabStreamParts {
  readonly transport: Transport;
  readonly tabs: Tabs;
  /** The name of what can be shared. */
  readonly topic: Promise<string>;
}

type Step = Extract<TabMessage, { kind: "step" }>;

/** Steps that wait, for a tab to catch up or for its consumer; then it goes on by itself. */
const stepsMax = 1_000;

/**
 * One tab's stream. It begins by a connection of its own, from wherever the tab wants, so that the hub
 * has said yes to this tab as well. When that has come to where the feed of the leading tab is, it is
 * closed, and the feed's steps are followed, each from where the one before ended. Whoever misses a
 * step, or is too slow to keep them, goes on by a connection of its own again.
 */
export class TabStream implements Connection {
  readonly #opening: Opening;
  readonly #parts: TabStreamParts;
  readonly #end = new AbortController();
  #state: "alone" | "following" | "closed" = "alone";
  /** Undefined while the consumer lets nothing come. */
  #own: Connection | undefined;
  #isCaughtUp: boolean;
  #hasOpened = false;
  /** The position up to which all has been handed on. */
  #reached: string | undefined;
  /** Where the feed was heard of last. */
  #feedAt: string | undefined;
  readonly #steps: Step[] = [];
  #credit: number;
  #credential: Credential | undefined;
  #channel: TabChannel | undefined;
  #feed: TabFeed | undefined;

  constructor(opening: Opening, parts: TabStreamParts) {
    this.#opening = opening;
    this.#parts = parts;
    this.#credit = opening.credit;
    this.#credential = opening.credential;
    const { selection, resumeFrom } = opening;
    const { since, cursor, snapshot } = selection;
    this.#isCaughtUp = !(since ?? cursor ?? resumeFrom ?? (snapshot || undefined));
    this.#own = this.#open(opening);
  }

  allow(readings: number): void {
    this.#credit += readings;
    if (this.#state === "following") this.#follow();
    else if (this.#own !== undefined) this.#own.allow(readings);
    else if (this.#state === "alone") this.#goAlone();
  }

  refresh(credential: Credential): void {
    this.#credential = credential;
    this.#own?.refresh(credential);
    this.#feed?.refresh(credential);
  }

  close(): void {
    this.#state = "closed";
    this.#end.abort();
    this.#own?.close();
    this.#feed?.close();
    this.#channel?.close();
  }

  #open(start: Pick<Opening, "resumeFrom">): Connection {
    return this.#parts.transport.open({
      ...this.#opening,
      ...start,
      credential: this.#credential,
      credit: this.#credit,
      take: (arrival) => this.#takeOwn(arrival),
    });
  }

  #takeOwn(arrival: Arrival): void {
    switch (arrival.kind) {
      case "opened":
        if (this.#hasOpened) return;
        this.#hasOpened = true;
        void this.#meet();
        break;
      case "closed":
        this.#fail(arrival.error);
        return;
      case "readings":
        this.#credit -= arrival.readings.length;
        this.#reached = arrival.cursor;
        break;
      case "position":
        this.#reached = arrival.cursor;
        break;
      case "caught_up":
        this.#reached = arrival.cursor;
        this.#isCaughtUp = true;
        break;
      default:
        break; // about the connection, and not about where it is
    }
    this.#opening.take(arrival);
    this.#tryFollow();
  }

  /** The hub has taken this tab: it may hear the others, and lead when its turn comes. */
  async #meet(): Promise<void> {
    const { tabs, topic } = this.#parts;
    const name = await topic;
    const { signal } = this.#end;
    if (signal.aborted) return;
    this.#channel = tabs.join(name, (message) => this.#hear(message));
    this.#channel.post({ kind: "ask" });
    tabs.lead(name, signal, () => this.#lead());
  }

  /** From where the feed was: those who follow it miss no step. */
  #lead(): void {
    this.#feed = new TabFeed({
      opening: { ...this.#opening, resumeFrom: this.#feedAt, credential: this.#credential },
      transport: this.#parts.transport,
      tell: (message) => {
        this.#channel?.post(message);
        this.#hear(message);
      },
      onExpiring: () => this.#opening.take({ kind: "expiring" }),
      // The next in line leads; this one comes back by its own back-off.
      onEnd: (error) => this.#fail(error),
    });
  }

  #hear(message: TabMessage): void {
    if (this.#state === "closed") return;
    switch (message.kind) {
      case "ask":
        this.#feed?.answer();
        break;
      case "reset":
        this.#feedAt = undefined;
        this.#steps.length = 0;
        if (this.#state === "following") this.#goAlone();
        break;
      case "step":
        this.#feedAt = message.to;
        this.#hearStep(message);
        break;
    }
  }

  #hearStep(step: Step): void {
    const isFollowing = this.#state === "following";
    if (isFollowing) this.#opening.take({ kind: "heard" });
    this.#steps.push(step);
    if (!isFollowing) {
      // The newest will do: it is caught up with wherever they begin.
      if (this.#steps.length > stepsMax) this.#steps.shift();
      this.#tryFollow();
    } else if (this.#steps.length > stepsMax) this.#goAlone();
    else this.#follow();
  }

  #tryFollow(): void {
    const [first] = this.#steps;
    if (this.#state !== "alone" || !this.#isCaughtUp || first === undefined) return;
    if (this.#reached === undefined || !isAt(this.#reached, first.from)) return;
    this.#state = "following";
    this.#own?.close();
    this.#own = undefined;
    this.#follow();
  }

  /** Hands on what the consumer lets come, and goes alone where a step is missing. */
  #follow(): void {
    while (this.#state === "following") {
      const [step] = this.#steps;
      if (step === undefined || (this.#credit < 1 && step.readings.length > 0)) return;
      this.#steps.shift();
      if (this.#isKnown(step)) continue;
      if (this.#reached === undefined || !isAt(this.#reached, step.from)) this.#goAlone();
      else this.#hand(step);
    }
  }

  #isKnown({ from, to }: Step): boolean {
    if (this.#reached === undefined || !isAt(this.#reached, to)) return false;
    // A reading that comes late stands where the feed has been already.
    return to !== this.#reached || from !== to;
  }

  #hand({ from, to: cursor, readings }: Step): void {
    const { take } = this.#opening;
    this.#reached = cursor;
    if (readings.length > 0) {
      this.#credit -= readings.length;
      take({ kind: "readings", readings, cursor });
    } else if (from !== cursor) take({ kind: "position", cursor });
  }

  #goAlone(): void {
    this.#state = "alone";
    this.#steps.length = 0;
    if (this.#credit < 1) {
      this.#opening.take({ kind: "held" });
      return;
    }
    this.#isCaughtUp = false;
    this.#own = this.#open({ resumeFrom: this.#reached });
  }

  #fail(error: NovacoreError): void {
    if (this.#state === "closed") return;
    this.close();
    this.#opening.take({ kind: "closed", error });
  }
}

/** Whether a position is another one, or behind it in the same stream. */
function isAt(position: string, wanted: string): boolean {
  if (position === wanted) return true;
  const [at, other] = [decodeCursor(position), decodeCursor(wanted)];
  if (at === undefined || other === undefined) return false;
  return at.epoch === other.epoch && at.sequence >= other.sequence;
}
