import { createInbox, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { limits } from "../limits.ts";
import { findLostAnswers } from "./lost-answers.ts";
import type { Entry, Group } from "./publish-entry.ts";
import { Pause } from "./publish-pause.ts";
import type { PublishQueue } from "./publish-queue.ts";
import { Sender } from "./publish-sender.ts";
import { judgeRefused, judgeUnfitting, type Verdict } from "./publish-verdict.ts";
import { readAnswer } from "./publish-wire.ts";
import type { PublisherOptions } from "./publisher.ts";
import { splitBatch } from "./split-batch.ts";
import { StreamFullness } from "./stream-fullness.ts";

/** What one answer is awaited for. */
interface Flight {
  readonly entries: readonly Entry[];
  readonly refusals: number;
  readonly sentMs: number;
  /** Shared by the flights of one group: it takes one of publishInFlightMax places until all are in. */
  readonly place: { open: number };
}

/**
 * What is under way, and what has to go again. Groups to repeat go before new ones, so that the
 * order of a DER's readings holds as far as it can.
 */
export class Flights {
  readonly #options: PublisherOptions;
  readonly #connection: NatsConnection;
  readonly #queue: PublishQueue<Entry>;
  readonly #onSettled: () => void;
  readonly #sender: Sender;
  readonly #inbox = createInbox(inboxPrefix);
  readonly #flights = new Map<number, Flight>();
  #repeat: Group[] = [];
  #places = 0;
  #entries = 0;
  #tokens = 0;
  #lastSequence: number;
  #connected = true;
  readonly #pause: Pause;
  readonly #fullness: StreamFullness;
  #searching = false;
  #soon = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #watch: NodeJS.Timeout;
  readonly #stopInbox: () => void;
  #stopped = false;
  readonly #atomic: boolean;

  constructor(options: PublisherOptions, queue: PublishQueue<Entry>, onSettled: () => void) {
    this.#options = options;
    this.#connection = options.connection;
    this.#sender = new Sender(options.connection, options.log);
    this.#queue = queue;
    this.#onSettled = onSettled;
    this.#pause = new Pause(options.log, () => this.#pump(true));
    this.#fullness = new StreamFullness(options.log);
    this.#lastSequence = options.lastSequence ?? 0;
    this.#atomic = options.atomic ?? true;
    const inbox = this.#connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#onAnswer(message);
      },
    });
    this.#stopInbox = () => inbox.unsubscribe();
    this.#watch = setInterval(() => this.#repeatOverdue(), overdueCheckMs).unref();
    void this.#followStatus();
  }

  /** Messages sent or to be sent again. */
  get entries(): number {
    return this.#entries;
  }

  get isFull(): boolean {
    return this.#fullness.isFull;
  }

  /** One more message waits in the queue. */
  pushed(): void {
    if (this.#queue.length >= limits.publishBatchMax) this.#pump(false);
    else if (this.#places === 0) this.#pumpSoon();
    else this.#timer ??= setTimeout(() => this.flush(), limits.publishBatchWaitMs);
  }

  /** Sends what waits, also where it does not fill a batch. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pump(true);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#watch);
    clearTimeout(this.#timer);
    this.#pause.stop();
    if (!this.#connection.isClosed()) this.#stopInbox();
  }

  unsettled(): Entry[] {
    const groups = [...this.#flights.values(), ...this.#repeat];
    return groups.flatMap((group) => group.entries);
  }

  /** What one turn of the event loop brings travels together. */
  #pumpSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    setImmediate(() => {
      this.#soon = false;
      this.flush();
    });
  }

  #pump(force: boolean): void {
    if (!this.#connected || this.#pause.running || this.#searching || this.#stopped) return;
    while (this.#places < limits.publishInFlightMax) {
      const group = this.#repeat.shift() ?? this.#nextBatch(force);
      if (group === undefined) return;
      this.#send(group);
    }
  }

  #nextBatch(force: boolean): Group | undefined {
    const waiting = this.#queue.length;
    if (waiting === 0) return undefined;
    const mayBeSmall = this.#places === 0 || (force && this.#places < smallInFlightMax);
    if (waiting < limits.publishBatchMax && !mayBeSmall) {
      this.#timer ??= setTimeout(() => this.flush(), limits.publishBatchWaitMs);
      return undefined;
    }
    let bytes = 0;
    const entries = this.#queue.take(limits.publishBatchMax, ({ payload }) => {
      bytes += payload.length;
      return bytes <= limits.publishBatchBytesMax;
    });
    this.#entries += entries.length;
    return { entries, singly: !this.#atomic, refusals: 0 };
  }

  #send({ entries, singly, refusals }: Group): void {
    const now = Date.now();
    for (const entry of entries) {
      if (entry.firstSentMs !== 0) continue;
      entry.firstSentMs = now;
      entry.sinceSequence = this.#lastSequence;
    }
    const alone = singly || entries.length === 1;
    const place = { open: alone ? entries.length : 1 };
    this.#places++;
    this.#options.metrics?.publishBatch.observe(entries.length);
    if (alone) {
      for (const entry of entries) {
        this.#sender.sendAlone(
          entry,
          this.#expect({ entries: [entry], refusals, sentMs: now, place }),
        );
      }
    } else {
      this.#sender.sendBatch(entries, this.#expect({ entries, refusals, sentMs: now, place }));
    }
  }

  /** Registers a flight; answers the reply subject, whose end is its token. */
  #expect(flight: Flight): string {
    const token = ++this.#tokens;
    this.#flights.set(token, flight);
    return `${this.#inbox}.${token}`;
  }

  #onAnswer(message: Msg): void {
    const token = Number(message.subject.slice(this.#inbox.length + 1));
    const flight = this.#flights.get(token);
    // An answer that came after the flight was repeated: the repetition is answered as well.
    if (flight === undefined) return;
    this.#land(token, flight);
    const answer = readAnswer(message, this.#options.fullCode);
    switch (answer.kind) {
      case "stored":
        this.#pause.reset();
        this.#options.metrics?.publishAck.observe((Date.now() - flight.sentMs) / 1000);
        this.#settle(flight.entries, answer.sequence, answer.duplicate);
        break;
      case "batch-duplicate":
        this.#repeat.push(...splitBatch(flight.entries, flight.refusals));
        break;
      case "full":
        this.#fullness.note(flight.entries[0]?.subject ?? "");
        this.#apply(judgeUnfitting(flight, answer.code));
        break;
      case "refused":
        this.#apply(judgeRefused(flight, this.#atomic));
        this.#pause.start(answer.reason);
        break;
    }
    this.#pump(this.#places === 0);
  }

  #apply({ repeat, lost, error }: Verdict): void {
    this.#repeat.push(...repeat);
    this.#entries -= lost.length;
    for (const entry of lost) entry.done(error);
    if (lost.length > 0) this.#onSettled();
  }

  #land(token: number, flight: Flight): void {
    this.#flights.delete(token);
    flight.place.open--;
    if (flight.place.open === 0) this.#places--;
  }

  /** The acknowledgement of a batch carries the sequence of its last message. */
  #settle(entries: readonly Entry[], lastSequence: number, duplicate: boolean): void {
    if (lastSequence > this.#lastSequence) this.#lastSequence = lastSequence;
    this.#entries -= entries.length;
    let sequence = lastSequence - entries.length;
    for (const entry of entries) {
      sequence++;
      // A duplicate of a message that got no answer is that message.
      entry.done({ sequence, duplicate: duplicate && !entry.ambiguous });
    }
    this.#onSettled();
  }

  #repeatOverdue(): void {
    const before = Date.now() - limits.publishAckMs;
    const overdue = [...this.#flights].filter(([, flight]) => flight.sentMs < before);
    if (overdue.length === 0) {
      if (this.#repeat.length > 0) this.#pump(false);
      return;
    }
    this.#options.log.warn({ batches: overdue.length }, "the stream does not answer; sent again");
    this.#repeatUnanswered(overdue);
  }

  #repeatUnanswered(flights: readonly (readonly [number, Flight])[]): void {
    for (const [token, flight] of flights) {
      this.#land(token, flight);
      for (const entry of flight.entries) entry.ambiguous = true;
      this.#repeat.push({ entries: flight.entries, singly: !this.#atomic, refusals: 0 });
    }
    if (this.#connected) void this.#resume();
  }

  /** Sends again, after asking the stream itself about what its duplicate window forgets soon. */
  async #resume(): Promise<void> {
    if (this.#searching) return;
    this.#searching = true;
    try {
      await this.#settleFound();
    } catch (error) {
      this.#options.log.warn({ err: error }, "could not search the stream for lost answers");
      this.#pause.start("search failed");
    } finally {
      this.#searching = false;
    }
    this.#pump(true);
  }

  async #settleFound(): Promise<void> {
    const { readStoredIds } = this.#options;
    if (readStoredIds === undefined) return;
    const found = await findLostAnswers(this.#repeat, readStoredIds);
    if (found.size === 0) return;
    this.#repeat = this.#repeat
      .map((group) => ({ ...group, entries: group.entries.filter((entry) => !found.has(entry)) }))
      .filter(({ entries }) => entries.length > 0);
    for (const [entry, sequence] of found) this.#settle([entry], sequence, false);
  }

  /** The client library loses what is published while it is disconnected: so nothing is. */
  async #followStatus(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (this.#stopped) return;
      if (type === "disconnect") {
        this.#connected = false;
        this.#repeatUnanswered([...this.#flights]);
      } else if (type === "reconnect") {
        this.#connected = true;
        void this.#resume();
      }
    }
  }
}

const overdueCheckMs = 1_000;
const inboxPrefix = "_INBOX_store";

/**
 * Under load, batches wait to be full: a batch costs nats-server files of its own and two writes to
 * disk, whatever it holds. One goes out small while another is under way, for the sake of latency.
 */
const smallInFlightMax = 2;
