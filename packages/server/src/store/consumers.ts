import type { NatsConnection } from "@nats-io/transport-node";
import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import { ConsumerApi } from "./consumer-api.ts";
import { type HeldReadings, type Position, resolvePosition } from "./consumer-position.ts";
import {
  type ConsumerFilters,
  type ConsumerRecord,
  type ConsumerStart,
  type ConsumerWish,
  toConsumerConfig,
} from "./consumer-record.ts";
import { assertMayReplay, replayPace } from "./replaying.ts";

/**
 * The durable pull consumers that back ends read ENRICHED_TELEMETRY with. They stand in account HUB,
 * where no back end is: it reaches those named after it, and the hub alone makes them. What is known
 * of one stands in its metadata. All of it throws `unavailable` when JetStream does not answer.
 */
export class BackEndConsumers {
  readonly #api: ConsumerApi;
  #turn: Promise<unknown> = Promise.resolve();

  /** Give it a connection of its own: the server answers one after the other on each. */
  constructor(connection: NatsConnection) {
    this.#api = new ConsumerApi(connection);
  }

  /** What the stream holds now. */
  held(): Promise<HeldReadings> {
    return this.#api.held();
  }

  /** Those at the given places, in their order. */
  async at(places: readonly string[]): Promise<ConsumerRecord[]> {
    const found = await Promise.all(places.map((place) => this.#api.find(place)));
    return found.filter((record) => record !== undefined);
  }

  /** Those of every back end. */
  all(): Promise<ConsumerRecord[]> {
    return this.#api.list();
  }

  /**
   * Makes a consumer at the first free place. Throws `conflict` when the name is taken or no place
   * is free, `rate_limited` when too much is replayed already, and what `resolvePosition` throws.
   */
  create(
    wish: ConsumerWish,
    filters: ConsumerFilters,
    position: Position,
    places: readonly string[],
  ): Promise<ConsumerRecord> {
    return this.#inTurn(async () => {
      // First, so that a name that is taken is told before any limit.
      let place = freePlace(wish.name, await this.at(places), places);
      const start = await this.#start(position);
      const pace = await this.#admit(wish, filters, start, undefined);
      for (;;) {
        const made = await this.#api.add(toConsumerConfig(place, wish, filters, start, pace));
        if (made !== undefined) return made;
        // Another hub was faster: it took the place, perhaps for the same name.
        place = freePlace(wish.name, await this.at(places), places);
      }
    });
  }

  /**
   * Puts a consumer to another position, at its place: JetStream moves none before its start, so it
   * is made again. Whoever reads from it meanwhile gets an error and asks again. Throws as `create`.
   */
  reset(
    record: ConsumerRecord,
    filters: ConsumerFilters,
    position: Position,
  ): Promise<ConsumerRecord> {
    return this.#inTurn(async () => {
      const start = await this.#start(position);
      const pace = await this.#admit(record, filters, start, record.place);
      return this.#remake(record, filters, start, pace);
    });
  }

  /** Nothing happens when it is gone already. */
  remove(place: string): Promise<void> {
    return this.#inTurn(() => this.#api.delete(place));
  }

  /**
   * Changes what a consumer reads. Subjects that are new to it are read from `sinceMs` on: the
   * consumer may have passed what was stored under them, so it goes back to it, and then gives out
   * again what it gave out since. Nothing happens when it is gone.
   */
  setFilters(record: ConsumerRecord, filters: ConsumerFilters, sinceMs: number): Promise<void> {
    return this.#inTurn(async () => {
      const { place, start } = record;
      const { filter_subjects, metadata } = toConsumerConfig(place, record, filters, start);
      const changed = await this.#api.update(place, { filter_subjects, metadata });
      if (changed === undefined) return;
      const added = filters.subjects.filter((each) => !record.filters.subjects.includes(each));
      const missed = await this.#firstUnder(added, sinceMs);
      // The server does not tell how far it has looked, only what it delivered last: to be sure, it
      // is put there. What was not acknowledged yet must not be passed either.
      if (missed === undefined) return;
      const sequence = Math.min(missed, changed.ackedSequence + 1);
      if (!start.isLastPerDer) {
        await this.#api.rewind(place, Math.max(sequence, start.afterSequence + 1));
      } else {
        await this.#remake(record, filters, { afterSequence: sequence - 1, isLastPerDer: false });
      }
    });
  }

  /**
   * Shares among the consumers that replay what may be on its way to all of them, and gives the
   * others their full measure. nats-server hands out a replay as fast as it is taken, and would
   * otherwise do little else.
   */
  async pace(records: readonly ConsumerRecord[]): Promise<void> {
    const share = replayPace(records, 0);
    for (const { place, pending, ackPendingMax } of records) {
      const isReplaying = pending > limits.consumerReplayingPending;
      const max_ack_pending = isReplaying ? share : limits.consumerAckPendingMax;
      if (ackPendingMax === undefined || ackPendingMax === max_ack_pending) continue;
      await this.#inTurn(() => this.#api.update(place, { max_ack_pending }));
    }
  }

  async #firstUnder(subjects: readonly string[], sinceMs: number): Promise<number | undefined> {
    const from = subjects.length === 0 ? undefined : await this.#api.sequenceSince(sinceMs);
    if (from === undefined) return undefined;
    const firsts = await Promise.all(
      subjects.map((subject) => this.#api.sequenceUnder(subject, from)),
    );
    const found = firsts.filter((sequence) => sequence !== undefined);
    return found.length === 0 ? undefined : Math.min(...found);
  }

  async #remake(
    record: ConsumerRecord,
    filters: ConsumerFilters,
    start: ConsumerStart,
    pace?: number,
  ): Promise<ConsumerRecord> {
    await this.#api.delete(record.place);
    const config = toConsumerConfig(record.place, record, filters, start, pace);
    const made = await this.#api.add(config);
    if (made !== undefined) return made;
    throw new NovacoreError("conflict", `${record.name} is being made anew by somebody else.`);
  }

  async #start(position: Position): Promise<ConsumerStart> {
    const held = await this.#api.held();
    const afterSequence = await resolvePosition(position, held, (timeMs) =>
      this.#api.sequenceSince(timeMs),
    );
    return { afterSequence, isLastPerDer: position.kind === "last_per_der" };
  }

  /**
   * How much a consumer may have unacknowledged; undefined: it replays nothing. `replaced` is the one
   * that it takes the place of.
   */
  async #admit(
    wish: ConsumerWish,
    filters: ConsumerFilters,
    start: ConsumerStart,
    replaced: string | undefined,
  ): Promise<number | undefined> {
    const { newest } = await this.#api.held();
    if (newest - start.afterSequence <= limits.consumerReplayingPending) return undefined;
    const pending = await this.#api.count(toConsumerConfig("", wish, filters, start));
    if (pending <= limits.consumerReplayingPending) return undefined;
    const others = (await this.all()).filter(({ place }) => place !== replaced);
    assertMayReplay(wish, others);
    return replayPace(others, 1);
  }

  /** One change at a time, so that what is counted before it still holds when it is made. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(change);
    this.#turn = done.catch(() => undefined); // Whoever asked for that change is told.
    return done;
  }
}

function freePlace(
  name: string,
  taken: readonly ConsumerRecord[],
  places: readonly string[],
): string {
  if (taken.some((record) => record.name === name)) {
    throw new NovacoreError("conflict", `A consumer ${name} exists already; reset or delete it.`);
  }
  const free = places.find((place) => !taken.some((record) => record.place === place));
  if (free !== undefined) return free;
  const sentence = `An integration has at most ${places.length} consumers; delete one first.`;
  throw new NovacoreError("conflict", sentence);
}
