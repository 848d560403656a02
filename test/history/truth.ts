import type { Powers } from "./home-model.ts";
import type { ArrivedReading, Month } from "./month.ts";
import type { MonthHome } from "./month-home.ts";

/**
 * What must come out, worked out in the plainest way that can be: no SQL, nothing of the hub's code.
 */
export interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
}

/** Of the readings of one DER in a stretch of time that have the member. */
export interface Aggregate extends Stretch {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly first: number;
  readonly last: number;
}

/** The readings of one DER that count, by time: those with a (derId, timestamp) that came first. */
export class DerTruth {
  readonly #times: number[] = [];
  readonly #members = new Map<string, number[]>();
  readonly #seen = new Set<number>();
  #order: Uint32Array | undefined;

  /** In the order of arrival. */
  add({ reading }: ArrivedReading): void {
    if (this.#seen.has(reading.timestamp)) return;
    this.#seen.add(reading.timestamp);
    const row = this.#times.push(reading.timestamp) - 1;
    for (const [name, value] of Object.entries(reading)) {
      if (typeof value !== "number" || name === "timestamp") continue;
      const values = this.#members.get(name) ?? [];
      this.#members.set(name, values);
      while (values.length < row) values.push(Number.NaN);
      values.push(value);
    }
    this.#order = undefined;
  }

  /** Numbers beside the timestamp. */
  get members(): readonly string[] {
    return [...this.#members.keys()];
  }

  get count(): number {
    return this.#times.length;
  }

  /** Times and values of a member, by time; readings without it are left out. */
  *series(member: string, { startMs, endMs }: Stretch): Generator<readonly [number, number]> {
    const values = this.#members.get(member) ?? [];
    this.#order ??= new Uint32Array(this.#times.keys()).sort(
      (a, b) => (this.#times[a] ?? 0) - (this.#times[b] ?? 0),
    );
    for (const row of this.#order) {
      const [timeMs = 0, value = Number.NaN] = [this.#times[row], values[row]];
      if (timeMs >= startMs && timeMs < endMs && !Number.isNaN(value)) yield [timeMs, value];
    }
  }

  /** One for each stretch in which a reading has the member; stretches are in order of time. */
  aggregates(member: string, stretches: readonly Stretch[]): Aggregate[] {
    const [first, last] = [stretches.at(0), stretches.at(-1)];
    if (first === undefined || last === undefined) return [];
    const rest = [...stretches].reverse();
    const values = new Map<Stretch, number[]>();
    const whole = { startMs: first.startMs, endMs: last.endMs };
    for (const [timeMs, value] of this.series(member, whole)) {
      while ((rest.at(-1)?.endMs ?? Infinity) <= timeMs) rest.pop();
      const stretch = rest.at(-1);
      if (stretch === undefined || timeMs < stretch.startMs) continue;
      const others = values.get(stretch);
      if (others === undefined) values.set(stretch, [value]);
      else others.push(value);
    }
    return [...values].map(([stretch, found]) => aggregate(stretch, found));
  }
}

function aggregate(stretch: Stretch, values: readonly number[]): Aggregate {
  let [sum, min, max] = [0, Infinity, -Infinity];
  for (const value of values) {
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const [first = Number.NaN, last = Number.NaN] = [values.at(0), values.at(-1)];
  return { ...stretch, count: values.length, mean: sum / values.length, min, max, first, last };
}

/** What counts of a month's readings, by DER. */
export type MonthTruth = ReadonlyMap<string, DerTruth>;

/** Goes through readings in the order of arrival; `seen` is told of each, duplicates as well. */
export function collectTruth(
  readings: Iterable<ArrivedReading>,
  seen?: (arrived: ArrivedReading) => void,
): MonthTruth {
  const ders = new Map<string, DerTruth>();
  for (const arrived of readings) {
    const der = ders.get(arrived.derId) ?? new DerTruth();
    ders.set(arrived.derId, der);
    der.add(arrived);
    seen?.(arrived);
  }
  return ders;
}

/** Stretches of the same length, from the first multiple of it at or before `startMs`. */
export function evenStretches({ startMs, endMs }: Stretch, lengthMs: number): Stretch[] {
  const firstMs = Math.floor(startMs / lengthMs) * lengthMs;
  const count = Math.ceil((endMs - firstMs) / lengthMs);
  return Array.from({ length: count }, (_, index) => ({
    startMs: firstMs + index * lengthMs,
    endMs: firstMs + (index + 1) * lengthMs,
  }));
}

/** The days of a month by the clocks there, read off them one quarter after another. */
export function localDays({ fromMs, toMs, timezone }: Month): Stretch[] {
  const date = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short" });
  const quarters = evenStretches({ startMs: fromMs, endMs: toMs }, 900_000);
  const days = Map.groupBy(quarters, ({ startMs }) => date.format(startMs));
  return [...days.values()].map((day) => ({
    startMs: day.at(0)?.startMs ?? Number.NaN,
    endMs: day.at(-1)?.endMs ?? Number.NaN,
  }));
}

/** What flowed through a home from one moment to another, in Wh, whether a reading tells it or not. */
export interface TrueEnergy {
  readonly imported: number;
  readonly exported: number;
  readonly produced: number;
  readonly charged: number;
  readonly discharged: number;
  readonly ev_charged: number;
  readonly ev_discharged: number;
}

export function trueEnergyWh({ model }: MonthHome, { startMs, endMs }: Stretch): TrueEnergy {
  const between = (member: keyof Powers, direction: "in" | "out") =>
    model.energyWh(member, direction, endMs) - model.energyWh(member, direction, startMs);
  return {
    imported: between("meterW", "in"),
    exported: between("meterW", "out"),
    produced: between("pvW", "out") + between("pv2W", "out"),
    charged: between("batteryW", "in"),
    discharged: between("batteryW", "out"),
    ev_charged: between("evW", "in"),
    ev_discharged: between("evW", "out"),
  };
}
