// For programs whose compiler is not told of `await using`: the declarations name its types.
/// <reference lib="esnext.disposable" preserve="true" />
import type { EnrichedReading } from "@novacore/protocol";
import type { ConnectionNotice, ConnectionState, Timing } from "./connection-state.ts";
import type { CredentialSource } from "./credentials.ts";
import type { NovacoreError } from "./errors.ts";
import { EventHub } from "./event-hub.ts";
import { Link } from "./link.ts";
import { type Handed, Pending } from "./pending.ts";
import { Recent } from "./recent.ts";
import { Reorder } from "./reorder.ts";
import type { Runtime } from "./runtime.ts";
import { StartPosition } from "./start-position.ts";
import type { StreamWish } from "./stream-wish.ts";
import type { Arrival, Liveness, Transport } from "./transport.ts";

/** What a consumer is told beside the readings. */
export type StreamEvent =
  | ConnectionNotice
  /** About the source: a DER that sends nothing, for one, while the connection is well. */
  | ({ readonly kind: "liveness" } & Liveness);

export interface StreamParts {
  readonly transport: Transport;
  readonly credentials: CredentialSource;
  readonly runtime: Runtime;
  readonly timing: Timing;
}

interface Queued<R> {
  readonly reading: R;
  readonly timestamp: number;
  readonly handed: Handed;
}

/**
 * The readings of one stream, for `for await`. It connects when the first one is asked for, comes
 * back by itself after whatever passes, and ends when the loop is left, by `close`, or with its
 * signal. It throws only what will not pass, such as a site that the caller may not see.
 */
export class ReadingStream<R extends EnrichedReading = EnrichedReading>
  implements AsyncIterableIterator<R, undefined>, AsyncDisposable
{
  readonly #wish: StreamWish<R>;
  readonly #runtime: Runtime;
  readonly #link: Link;
  readonly #start: StartPosition;
  readonly #recent: Recent;
  readonly #reorder: Reorder<Queued<R>> | undefined;
  readonly #pending = new Pending();
  readonly #queue: Queued<R>[] = [];
  readonly #asking: (() => void)[] = [];
  readonly #events = new EventHub<StreamEvent>();
  #cursor: string | undefined;
  /** Readings dealt with that the hub has not been allowed again. */
  #owed = 0;
  #cancelRelease: (() => void) | undefined;
  /** Notices that follow the reading which the consumer is dealing with. */
  readonly #due: ConnectionNotice[] = [];
  #isHanding = false;
  #end: { readonly error: NovacoreError | undefined } | undefined;
  readonly #onAbort = () => this.close();

  constructor(wish: StreamWish<R>, parts: StreamParts) {
    const { transport, credentials, runtime, timing } = parts;
    this.#wish = wish;
    this.#runtime = runtime;
    this.#start = new StartPosition(wish.selection);
    this.#cursor = wish.selection.cursor;
    this.#recent = new Recent(wish.dedupeMax);
    if (wish.reorderMs > 0) this.#reorder = new Reorder(wish.reorderMs, wish.queueMax / 2);
    this.#link = new Link({
      connect: (credential, take) => {
        this.#owed = 0;
        const { target, batchMs, queueMax } = wish;
        const credit = Math.max(1, queueMax - this.#pending.size);
        const { hasPast, ...start } = this.#start.next();
        const opening = { target, batchMs, credential, credit, take, ...start };
        return { connection: transport.open(opening), hasPast };
      },
      ...{ credentials, runtime, timing },
      onArrival: (arrival) => this.#arrive(arrival),
      onNotice: (notice) => this.#notice(notice),
    });
    wish.signal?.addEventListener("abort", this.#onAbort);
    if (wish.signal?.aborted) this.close();
  }

  /**
   * The position after the reading that was handed out last: kept by a program, and given as `cursor`
   * next time, it misses nothing. With `batchMs` and `reorderMs` it may lie a little further back.
   */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  /** Undefined before the first reading is asked for. */
  get state(): ConnectionState["kind"] | undefined {
    return this.#end === undefined ? this.#link.state : "ended";
  }

  /** Calls for each event; gives the function that ends that. */
  onEvent(listener: (event: StreamEvent) => void): () => void {
    return this.#events.on(listener);
  }

  /** The events as an iterable that ends with the stream; a slow reader misses the oldest. */
  states(): AsyncIterableIterator<StreamEvent, undefined> {
    return this.#events.iterate();
  }

  async next(): Promise<IteratorResult<R, undefined>> {
    for (const notice of this.#due.splice(0)) this.#events.tell(notice);
    if (this.#end === undefined) this.#link.start();
    for (;;) {
      const queued = this.#queue.shift();
      if (queued !== undefined) {
        this.#hand(queued.handed);
        return { done: false, value: queued.reading };
      }
      if (this.#end !== undefined) return this.#finish();
      await new Promise<void>((resolve) => this.#asking.push(resolve));
    }
  }

  async return(): Promise<IteratorResult<R, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Ends the stream; what has arrived and was not handed out is dropped. */
  close(): void {
    this.#link.stop();
    this.#over(undefined);
    this.#queue.length = 0;
  }

  #hand(handed: Handed): void {
    this.#isHanding = true;
    this.#pending.hand(handed);
    this.#isHanding = false;
    this.#settle(1);
  }

  #arrive(arrival: Arrival): void {
    this.#start.take(arrival);
    switch (arrival.kind) {
      case "readings":
        for (const reading of arrival.readings) this.#take(reading);
        this.#release();
        this.#reached(arrival.cursor);
        break;
      case "position":
      case "caught_up":
        this.#reached(arrival.cursor);
        break;
      case "liveness":
        this.#events.tell({ kind: "liveness", ...arrival.liveness });
        break;
      default:
        break; // all others are about the connection
    }
  }

  #take(reading: EnrichedReading): void {
    const { der_id, timestamp } = reading;
    if (!this.#wish.isWanted(reading) || !this.#recent.add(`${der_id}:${timestamp}`)) {
      this.#settle(1);
      return;
    }
    const queued = { reading, timestamp, handed: this.#pending.add() };
    if (this.#reorder === undefined) this.#offer(queued);
    else this.#reorder.add(queued, this.#runtime.now());
  }

  #reached(cursor: string): void {
    this.#pending.whenHanded(() => {
      this.#cursor = cursor;
    });
  }

  #offer(queued: Queued<R>): void {
    this.#queue.push(queued);
    this.#asking.shift()?.();
  }

  /** Hands on what was held for long enough, and comes back for what was not. */
  #release(): void {
    if (this.#reorder === undefined) return;
    for (const queued of this.#reorder.release(this.#runtime.now())) this.#offer(queued);
    this.#cancelRelease?.();
    this.#cancelRelease = undefined;
    const { dueMs } = this.#reorder;
    if (dueMs === Infinity) return;
    const inMs = Math.max(0, Math.ceil(dueMs - this.#runtime.now()));
    this.#cancelRelease = this.#runtime.after(inMs, () => this.#release());
  }

  /** Half a queue at a time: a frame of credit for each reading would double the traffic. */
  #settle(readings: number): void {
    this.#owed += readings;
    if (this.#owed * 2 < this.#wish.queueMax) return;
    this.#link.allow(this.#owed);
    this.#owed = 0;
  }

  #notice(notice: ConnectionNotice): void {
    switch (notice.kind) {
      case "caught_up":
      case "reset":
        // Where it belongs: behind the readings that came before it, once they are dealt with.
        this.#pending.whenHanded(() => {
          if (this.#isHanding) this.#due.push(notice);
          else this.#events.tell(notice);
        });
        break;
      case "connected":
      case "lost":
        this.#events.tell(notice);
        break;
      case "ended":
        this.#over(notice.error);
        break;
    }
  }

  #over(error: NovacoreError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#cancelRelease?.();
    for (const queued of this.#reorder?.release(Infinity) ?? []) this.#queue.push(queued);
    this.#wish.signal?.removeEventListener("abort", this.#onAbort);
    this.#events.tell({ kind: "ended", error });
    this.#events.close();
    for (const resolve of this.#asking.splice(0)) resolve();
  }

  /** The reason of the end is thrown once; whoever asks again is told that it is over. */
  #finish(): IteratorReturnResult<undefined> {
    const error = this.#end?.error;
    this.#end = { error: undefined };
    if (error !== undefined) throw error;
    return { done: true, value: undefined };
  }
}
