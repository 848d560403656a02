// layout: one state machine; its states read together
import { decodeCursor, encodeCursor } from "@novacore/protocol/cursor";
import { Continuity } from "./continuity.ts";
import { NovacoreError, toNovacoreError } from "./errors.ts";
import { Handover } from "./handover.ts";
import type { LiveMessage } from "./live-message.ts";
import type { LiveSource, LiveSourceWish } from "./live-source.ts";
import { isWanted } from "./nats-interest.ts";
import { NewestOfEach } from "./newest-of-each.ts";
import type { Arrival, Connection, Credential, Opening, Transport } from "./transport.ts";

export interface NatsStreamParts {
  readonly openSource: (wish: LiveSourceWish) => Promise<LiveSource>;
  /** Brings what lies before the live readings. */
  readonly past: Transport;
}

type State =
  | { readonly kind: "opening" }
  /** Readings come by the past, which goes on until it meets what comes live. */
  | { readonly kind: "behind"; readonly past: Connection; isCaughtUp: boolean }
  | { readonly kind: "live" }
  /** The consumer is slow: readings pass by until it wants more, which comes by the past. */
  | { readonly kind: "held" }
  | { readonly kind: "closed" };

/** The readings of one stream, from the past or live: each once, and none left out between the two. */
export class NatsStream implements Connection {
  readonly #opening: Opening;
  readonly #past: Transport;
  readonly #abort = new AbortController();
  readonly #handover = new Handover();
  /** Set where only the newest of each DER counts. */
  readonly #newest: NewestOfEach | undefined;
  #dueTimer: ReturnType<typeof setTimeout> | undefined;
  #state: State = { kind: "opening" };
  #credential: Credential | undefined;
  #credit: number;
  /** Of the stream that cursors are about. */
  #epoch = 0;
  /** Everything up to this sequence was given to the consumer, or is not wanted. */
  #position = 0;
  /** Since the position at which the first past began. */
  #continuity: Continuity | undefined;
  #subscribe: (() => void) | undefined;

  constructor(opening: Opening, { openSource, past }: NatsStreamParts) {
    this.#opening = opening;
    this.#past = past;
    this.#credential = opening.credential;
    this.#credit = opening.credit;
    const { mode, min_interval_ms: minIntervalMs } = opening.selection;
    const isNewestEnough = mode === "latest" || minIntervalMs !== undefined;
    this.#newest = isNewestEnough ? new NewestOfEach(minIntervalMs ?? 0) : undefined;
    this.#run(openSource).catch((thrown) =>
      this.#end(toNovacoreError(thrown, "The stream failed")),
    );
  }

  allow(readings: number): void {
    this.#credit += readings;
    if (this.#state.kind === "behind") this.#state.past.allow(readings);
    else if (this.#state.kind === "held") this.#fallBehind();
    else if (this.#state.kind === "live") this.#giveNewest();
  }

  /** NATS looked at the login, and does not look again: the newer one is for the past. */
  refresh(credential: Credential): void {
    this.#credential = credential;
    if (this.#state.kind === "behind") this.#state.past.refresh(credential);
  }

  close(): void {
    if (this.#state.kind === "behind") this.#state.past.close();
    this.#state = { kind: "closed" };
    this.#abort.abort();
    clearTimeout(this.#dueTimer);
  }

  async #run(openSource: NatsStreamParts["openSource"]): Promise<void> {
    const { target, selection, credential, resumeFrom } = this.#opening;
    if (selection.liveness === true) throw new NovacoreError("options_invalid", noLiveness);
    const { signal } = this.#abort;
    const source = await openSource({
      ...{ target, selection, credential, signal },
      onMessage: (message) => this.#next(message),
      onAlive: () => {
        // The past has heartbeats of its own, which must not be missed in silence.
        if (this.#state.kind !== "behind") this.#take({ kind: "heard" });
      },
      onLost: (error) => this.#end(error),
    });
    this.#subscribe = () => source.subscribe();
    const { since, cursor, snapshot } = selection;
    const hasStart = since !== undefined || cursor !== undefined || snapshot === true;
    this.#openPast(resumeFrom, resumeFrom === undefined && !hasStart);
  }

  #openPast(resumeFrom: string | undefined, isCaughtUp: boolean): void {
    if (this.#state.kind === "closed") return;
    this.#handover.forget();
    const [credential, credit] = [this.#credential, this.#credit];
    const take = (arrival: Arrival) => this.#pastArrival(arrival);
    const past = this.#past.open({ ...this.#opening, resumeFrom, credential, credit, take });
    this.#state = { kind: "behind", past, isCaughtUp };
  }

  #pastArrival(arrival: Arrival): void {
    switch (arrival.kind) {
      case "opened":
        // Not before: the hub's refusal of what may not be seen says more than that of NATS.
        this.#subscribe?.();
        if (this.#subscribe !== undefined) this.#take(arrival);
        this.#subscribe = undefined;
        break;
      case "closed":
        this.#end(arrival.error);
        break;
      case "reset":
        this.#continuity = undefined;
        this.#handover.forget();
        this.#take(arrival);
        break;
      case "readings":
      case "position":
      case "caught_up":
        this.#reach(arrival);
        this.#take(arrival);
        this.#meet();
        break;
      default:
        this.#take(arrival);
    }
  }

  #reach(arrival: Extract<Arrival, { cursor: string }>): void {
    const cursor = decodeCursor(arrival.cursor);
    if (cursor === undefined) {
      const message = `${arrival.cursor} is no cursor that this client knows: update it.`;
      this.#end(new NovacoreError("answer_invalid", message));
      return;
    }
    this.#epoch = cursor.epoch;
    this.#position = cursor.sequence;
    this.#continuity ??= new Continuity(cursor.sequence);
    if (arrival.kind === "readings") {
      this.#credit -= arrival.readings.length;
      for (const reading of arrival.readings) {
        this.#continuity.reached(reading.der_id, cursor.sequence);
        this.#newest?.given(reading, performance.now());
      }
    } else if (arrival.kind === "caught_up" && this.#state.kind === "behind") {
      this.#state.isCaughtUp = true;
    }
  }

  #next(message: LiveMessage): void {
    if (this.#state.kind === "live") {
      this.#deliver(message);
    } else if (this.#state.kind === "behind") {
      this.#handover.gather(message);
      this.#meet();
    }
  }

  /** From the past to what comes live, if the two overlap. */
  #meet(): void {
    if (this.#state.kind !== "behind" || !this.#state.isCaughtUp) return;
    const gathered = this.#handover.meet(this.#position);
    if (gathered === undefined) return;
    this.#state.past.close();
    this.#state = { kind: "live" };
    for (const message of gathered) this.#next(message);
  }

  #deliver(message: LiveMessage): void {
    const { reading, sequence } = message;
    const isMeant = isWanted(reading, this.#opening.selection);
    const verdict = isMeant ? this.#continuity?.judge(message) : undefined;
    if (verdict === undefined || verdict.kind === "copy") {
      this.#pass(sequence);
    } else if (this.#newest !== undefined) {
      // What is missing before the newest would be left out as well.
      this.#newest.put(message);
      this.#pass(sequence);
      this.#giveNewest();
    } else if (verdict.kind === "missed") {
      this.#position = Math.min(this.#position, verdict.after);
      this.#fallBehind();
      this.#next(message);
    } else if (this.#credit < 1) {
      this.#fallBehind();
    } else {
      this.#pass(sequence);
      this.#give(message);
    }
  }

  #fallBehind(): void {
    if (this.#credit < 1) this.#state = { kind: "held" };
    else this.#openPast(this.#cursor, false);
  }

  /** What is due, as far as the consumer allows, and later what is due later. */
  #giveNewest(): void {
    clearTimeout(this.#dueTimer);
    while (this.#newest !== undefined && this.#credit > 0 && this.#state.kind === "live") {
      const nowMs = performance.now();
      const message = this.#newest.take(nowMs);
      if (message === undefined) {
        const { dueMs } = this.#newest;
        if (dueMs < Infinity) this.#dueTimer = setTimeout(() => this.#giveNewest(), dueMs - nowMs);
        return;
      }
      this.#pass(message.sequence);
      this.#give(message);
    }
  }

  #give({ reading, sequence }: LiveMessage): void {
    this.#continuity?.reached(reading.der_id, sequence);
    this.#credit--;
    this.#take({ kind: "heard" });
    this.#take({ kind: "readings", readings: [reading], cursor: this.#cursor });
  }

  /** Done with everything up to there, but for what waits. */
  #pass(sequence: number): void {
    const waiting = this.#newest?.lowestSequence ?? Infinity;
    this.#position = Math.max(this.#position, Math.min(sequence, waiting - 1));
  }

  get #cursor(): string {
    return encodeCursor({ epoch: this.#epoch, sequence: this.#position });
  }

  #end(error: NovacoreError): void {
    this.#take({ kind: "closed", error });
    this.close();
  }

  #take(arrival: Arrival): void {
    if (this.#state.kind !== "closed") this.#opening.take(arrival);
  }
}

const noLiveness =
  "NATS does not tell how DERs do: use the transport websocket or sse for liveness.";
