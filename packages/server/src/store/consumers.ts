import type { NatsConnection } from "@nats-io/transport-node";
import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import { ConsumerApi } from "./consumer-api.ts";
import { type HeldReadings, type Position, resolvePosition } from "./consumer-position.ts";
import {
  type ConsumerDraft,
  type ConsumerFilters,
  type ConsumerRecord,
  type ConsumerStart,
  type ConsumerWish,
  toConsumerConfig,
} from "./consumer-record.ts";
import { addFresh, findAt, finishRemake, remake, removeConsumer } from "./consumer-remake.ts";
import { changeFilters } from "./filter-change.ts";
import { assertMayReplay, replayPace } from "./replaying.ts";
import { Turns } from "./turns.ts";

/** Asked when it is the turn of what they are for, as the registry may have changed meanwhile. */
export type FiltersOf = (record: ConsumerWish) => Promise<ConsumerFilters>;

/**
 * The durable pull consumers that back ends read ENRICHED_TELEMETRY with. They stand in account HUB,
 * where no back end is: it reaches those named after it, and the hub alone makes them. What is known
 * of one stands in its metadata. Changes of them take turns, organization by organization. All of
 * it throws `unavailable` when JetStream does not answer.
 */
export class BackEndConsumers {
  readonly #api: ConsumerApi;
  readonly #turns = new Turns();

  /** Give it a connection of its own: the server answers one after the other on each. */
  constructor(connection: NatsConnection) {
    this.#api = new ConsumerApi(connection);
  }

  /** What the stream holds now. */
  held(): Promise<HeldReadings> {
    return this.#api.held();
  }

  /** Those at the given places, in their order; also one that is being made anew. */
  at(places: readonly string[]): Promise<ConsumerRecord[]> {
    return findAt(this.#api, places);
  }

  /** Those of every back end, and what stands in for one. */
  all(): Promise<ConsumerRecord[]> {
    return this.#api.list();
  }

  /**
   * Makes a consumer at the first free place. Throws `conflict` when the name is taken or no place
   * is free, `rate_limited` when too much is replayed already, and what `filtersOf` and
   * `resolvePosition` throw.
   */
  create(
    wish: ConsumerWish,
    filtersOf: FiltersOf,
    position: Position,
    places: readonly string[],
  ): Promise<ConsumerRecord> {
    return this.#turns.take(wish.orgId, async () => {
      // First, so that a name that is taken is told before any limit.
      let place = freePlace(wish.name, await this.at(places), places);
      const filters = await filtersOf(wish);
      const draft = { ...wish, filters, start: await this.#start(position) };
      for (;;) {
        const settings = toConsumerConfig(await this.#paced({ ...draft, place }));
        const made = await addFresh(this.#api, settings, draft);
        if (made !== undefined) return made;
        // Another hub was faster: it took the place, perhaps for the same name.
        place = freePlace(wish.name, await this.at(places), places);
      }
    });
  }

  /**
   * Puts a consumer to another position, at its place, where it is made again. Whoever reads from it
   * meanwhile gets an error and asks again. Throws as `create`, and `not_found` when it is gone.
   */
  reset(
    { place, name, orgId }: ConsumerRecord,
    filtersOf: FiltersOf,
    position: Position,
  ): Promise<ConsumerRecord> {
    return this.#turns.take(orgId, async () => {
      const [record] = await this.at([place]);
      if (record?.name !== name) throw new NovacoreError("not_found");
      const filters = await filtersOf(record);
      const start = await this.#start(position);
      return remake(this.#api, await this.#paced({ ...record, filters, start }));
    });
  }

  /** Nothing happens when it is gone already. */
  remove(place: string): Promise<void> {
    return this.#turns.takeFirst(() => removeConsumer(this.#api, place));
  }

  /** Finishes what a hub has begun that died; false: nothing was left. `standIn` is one of `all`. */
  finish({ place }: ConsumerRecord): Promise<boolean> {
    return this.#turns.takeFirst(() => finishRemake(this.#api, place));
  }

  /**
   * Changes what a consumer reads (see `changeFilters`), before whoever waits for a turn. Gives what
   * it reads then; undefined when it is gone.
   */
  setFilters(
    place: string,
    filtersOf: FiltersOf,
    sinceMs: number,
  ): Promise<ConsumerFilters | undefined> {
    return this.#turns.takeFirst(async () => {
      const record = await this.#api.find(place);
      if (record === undefined) return undefined;
      const filters = await filtersOf(record);
      await changeFilters(this.#api, record, filters, sinceMs);
      return filters;
    });
  }

  /**
   * Shares among the consumers that replay what may be on its way to all of them, and gives the
   * others their full measure. nats-server hands out a replay as fast as it is taken, and would
   * otherwise do little else.
   */
  async pace(records: readonly ConsumerRecord[]): Promise<void> {
    const share = replayPace(records, 0);
    for (const { place, ack, pending, ackPendingMax, isStandIn } of records) {
      const isReplaying = pending > limits.consumerReplayingPending;
      const max_ack_pending = isReplaying ? share : limits.consumerAckPendingMax;
      if (isStandIn || ack === "none" || ackPendingMax === max_ack_pending) continue;
      // It can wait, as nobody waits for it.
      await this.#turns.take("pace", () => this.#api.update(place, { max_ack_pending }));
    }
  }

  async #start(position: Position): Promise<ConsumerStart> {
    const held = await this.#api.held();
    const afterSequence = await resolvePosition(position, held, (timeMs) =>
      this.#api.sequenceSince(timeMs),
    );
    return { afterSequence, isLastPerDer: position.kind === "last_per_der" };
  }

  /** With how much it may have unacknowledged, if it replays and may. */
  async #paced(draft: ConsumerDraft): Promise<ConsumerDraft> {
    const unpaced = { ...draft, ackPendingMax: undefined };
    const { newest } = await this.#api.held();
    if (newest - draft.start.afterSequence <= limits.consumerReplayingPending) return unpaced;
    const pending = await this.#api.count(toConsumerConfig(unpaced));
    if (pending <= limits.consumerReplayingPending) return unpaced;
    const others = (await this.all()).filter(
      ({ place, isStandIn }) => place !== draft.place && !isStandIn,
    );
    assertMayReplay(draft, others);
    return { ...draft, ackPendingMax: replayPace(others, 1) };
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
