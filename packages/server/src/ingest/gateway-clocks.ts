import { limits } from "../limits.ts";

/** When a reading was taken and when it came. */
export interface ClockNote {
  /** By the gateway's clock. */
  readonly timestampMs: number;
  /** By the hub's. */
  readonly receivedAtMs: number;
  /** How long the read took, if the gateway says. */
  readonly readTimeMs: number | undefined;
  /** Whether it goes to the store. One that is refused is no late reading; ahead, it tells the drift. */
  readonly isTaken: boolean;
}

/** Each taken reading's lateness, added up: what came between two looks at it is in it. */
export interface LatenessHistogram {
  observe(labels: { readonly gateway: string }, seconds: number): void;
  remove(labels: { readonly gateway: string }): void;
}

/** From the timestamps of the last readings to their arrival; negative: the gateway's clock is ahead. */
export interface Lateness {
  readonly lastMs: number;
  readonly medianMs: number;
  readonly maxMs: number;
}

export interface GatewayClock {
  /** When its last reading came. */
  readonly lastSeenMs: number;
  /** Undefined when none of the readings was taken. */
  readonly lateness: Lateness | undefined;
  /**
   * How far the gateway's clock is ahead of the hub's, at least: the least late of the last readings
   * was on its way for no time. Undefined when they all came from a backlog.
   */
  readonly clockDriftMs: number | undefined;
  /** Median of the last readings that say. */
  readonly readTimeMs: number | undefined;
}

/**
 * How late the readings of each gateway come, in memory, by its last few readings. What another hub
 * took is not in it.
 */
export class GatewayClocks {
  readonly #clocks = new Map<string, Clock>();
  /** Gateways that are told one by one; those beyond limits.latenessGatewaysMax are one. */
  readonly #named = new Set<string>();
  #others: Clock | undefined;
  readonly #histogram: LatenessHistogram | undefined;

  constructor(histogram?: LatenessHistogram) {
    this.#histogram = histogram;
  }

  get size(): number {
    return this.#clocks.size;
  }

  note(serial: string, note: ClockNote): void {
    const known = this.#clocks.get(serial);
    const clock = known ?? new Clock(note.receivedAtMs);
    if (known === undefined) this.#add(serial, clock);
    clock.note(note);
    if (this.#mayBeNamed(serial)) this.#named.add(serial);
    const isNamed = this.#named.has(serial);
    const lateSeconds = Math.max(0, note.receivedAtMs - note.timestampMs) / 1_000;
    const gateway = isNamed ? serial : otherGateways;
    if (note.isTaken) this.#histogram?.observe({ gateway }, lateSeconds);
    if (isNamed) return;
    this.#others ??= new Clock(note.receivedAtMs);
    this.#others.note(note);
  }

  /**
   * What is known of a gateway since a moment, epoch ms: what came before, from an earlier owner, is
   * forgotten.
   */
  of(serial: string, sinceMs = 0): GatewayClock | undefined {
    const clock = this.#clocks.get(serial);
    if (clock === undefined || clock.startedMs >= sinceMs) return clock?.read();
    this.#forget(serial);
    return undefined;
  }

  /** The lateness of each gateway that has a name here, and of all others under `other`. */
  *lateness(): Iterable<readonly [gateway: string, Lateness]> {
    for (const serial of this.#named) {
      const lateness = this.#clocks.get(serial)?.read().lateness;
      if (lateness !== undefined) yield [serial, lateness];
    }
    const ofOthers = this.#others?.read().lateness;
    if (ofOthers !== undefined) yield [otherGateways, ofOthers];
  }

  /** Forgets gateways of which nothing came for limits.gatewayClockIdleMs. */
  sweep(nowMs: number): void {
    const before = nowMs - limits.gatewayClockIdleMs;
    for (const [serial, clock] of this.#clocks) {
      if (clock.lastSeenMs < before) this.#forget(serial);
    }
    if (this.#others !== undefined && this.#others.lastSeenMs < before) this.#others = undefined;
  }

  #add(serial: string, clock: Clock): void {
    if (this.#clocks.size >= limits.gatewayClocksMax) {
      const [oldest] = this.#clocks.keys();
      if (oldest !== undefined) this.#forget(oldest);
    }
    this.#clocks.set(serial, clock);
  }

  #forget(serial: string): void {
    this.#clocks.delete(serial);
    if (this.#named.delete(serial)) this.#histogram?.remove({ gateway: serial });
  }

  /** A gateway of that very serial is one of the others. */
  #mayBeNamed(serial: string): boolean {
    return this.#named.size < limits.latenessGatewaysMax && serial !== otherGateways;
  }
}

const otherGateways = "other";

/** The last readings of one gateway. */
class Clock {
  readonly startedMs: number;
  lastSeenMs = 0;
  readonly #lateMs = new Float64Array(limits.gatewayClockReadings);
  /** NaN: not said. */
  readonly #readTimeMs = new Float64Array(limits.gatewayClockReadings);
  #notes = 0;

  constructor(startedMs: number) {
    this.startedMs = startedMs;
  }

  note({ timestampMs, receivedAtMs, readTimeMs = Number.NaN, isTaken }: ClockNote): void {
    if (receivedAtMs > this.lastSeenMs) this.lastSeenMs = receivedAtMs;
    if (!isTaken && receivedAtMs >= timestampMs) return;
    const place = this.#notes % limits.gatewayClockReadings;
    this.#lateMs[place] = receivedAtMs - timestampMs;
    this.#readTimeMs[place] = readTimeMs;
    this.#notes++;
  }

  read(): GatewayClock {
    const count = Math.min(this.#notes, limits.gatewayClockReadings);
    const late = [...this.#lateMs.subarray(0, count)];
    const readTimes = [...this.#readTimeMs.subarray(0, count)];
    const onTheWay = late
      .map((lateMs, i) => lateMs - (readTimes[i] || 0))
      .filter((ms) => ms <= limits.backfilledAfterMs);
    const lastMs = late[(this.#notes - 1) % limits.gatewayClockReadings];
    const medianMs = median(late);
    const isKnown = lastMs !== undefined && medianMs !== undefined;
    return {
      lastSeenMs: this.lastSeenMs,
      lateness: isKnown ? { lastMs, medianMs, maxMs: Math.max(...late) } : undefined,
      clockDriftMs: onTheWay.length === 0 ? undefined : 0 - Math.min(...onTheWay),
      readTimeMs: median(readTimes.filter((ms) => !Number.isNaN(ms))),
    };
  }
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >>> 1];
}
