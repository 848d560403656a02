import { type Powers, stepMs } from "./home-model.ts";
import type { MonthDer, MonthHome } from "./month-home.ts";
import type { DerTruth, MonthTruth, Stretch, TrueEnergy } from "./truth.ts";

/** The energy of a flow that the readings of a home tell, from what really flowed. */
export interface ExpectedFlow {
  readonly flow: keyof TrueEnergy;
  readonly source: "counter" | "power" | "none";
  readonly Wh: number;
  readonly toleranceWh: number;
  readonly gapMs: number;
  /** How much longer the gap may be. */
  readonly gapToleranceMs: number;
}

/** In one month (see month-home.ts). */
const gapsMax = 4;

/** Readings farther apart leave a gap. */
const gapMsMin = 900_000;

const places: readonly [keyof TrueEnergy, keyof Powers, "in" | "out"][] = [
  ["imported", "meterW", "in"],
  ["exported", "meterW", "out"],
  ["produced", "pvW", "out"],
  ["produced", "pv2W", "out"],
  ["charged", "batteryW", "in"],
  ["discharged", "batteryW", "out"],
  ["ev_charged", "evW", "in"],
  ["ev_discharged", "evW", "out"],
];

/**
 * With counters: what flowed, to the rounding of the counter (0.1 Wh at each end of the stretch, and
 * twice more at a restart). In a gap it flowed evenly, as nobody can know better. Without: what flowed
 * outside the gaps; as far off as a straight line between two readings is from a step between them.
 */
export function* expectFlow(
  home: MonthHome,
  stretch: Stretch,
  truth: MonthTruth,
  intervalMs: number,
): Generator<ExpectedFlow> {
  const flows = new Map<keyof TrueEnergy, ExpectedFlow>();
  for (const [flow, member, direction] of places) {
    const der = home.ders.find((each) => each.member === member);
    const ofDer = der && truth.get(der.derId);
    if (der === undefined || ofDer === undefined) continue;
    if (flow === "ev_discharged" && der.type !== "v2x_charger") continue;
    const way = new Way(home, der, direction, timesOf(ofDer));
    const next = way.expect(flow, stretch, intervalMs);
    const other = flows.get(flow);
    flows.set(flow, other === undefined ? next : together(other, next, intervalMs));
  }
  yield* flows.values();
}

/**
 * Devices of a home fall silent together, but one a reading before the other, and come back so: the
 * gap is as long as that of either, with what one of them misses more at each end of its gaps.
 */
function together(a: ExpectedFlow, b: ExpectedFlow, intervalMs: number): ExpectedFlow {
  return {
    ...a,
    Wh: a.Wh + b.Wh,
    toleranceWh: a.toleranceWh + b.toleranceWh,
    gapMs: Math.max(a.gapMs, b.gapMs),
    gapToleranceMs: a.gapMs > 0 ? gapsMax * 3 * intervalMs : 1,
  };
}

const timesOfTruth = new WeakMap<DerTruth, readonly number[]>();

function timesOf(truth: DerTruth): readonly number[] {
  const known = timesOfTruth.get(truth);
  if (known !== undefined) return known;
  const whole = { startMs: 0, endMs: Infinity };
  const times = [...truth.series("W", whole)].map(([timeMs]) => timeMs);
  timesOfTruth.set(truth, times);
  return times;
}

/** One direction of one DER. */
class Way {
  readonly #home: MonthHome;
  readonly #der: MonthDer;
  readonly #direction: "in" | "out";
  /** Of its readings. */
  readonly #times: readonly number[];

  constructor(home: MonthHome, der: MonthDer, direction: "in" | "out", times: readonly number[]) {
    this.#home = home;
    this.#der = der;
    this.#direction = direction;
    this.#times = times;
  }

  expect(flow: keyof TrueEnergy, stretch: Stretch, intervalMs: number): ExpectedFlow {
    const { startMs, endMs } = stretch;
    const { gapMs, lostWh } = this.#gaps(stretch);
    if (this.#der.hasCounters) {
      const Wh = this.#told(endMs) - this.#told(startMs);
      return { flow, source: "counter", Wh, toleranceWh: 0.41, gapMs, gapToleranceMs: 1 };
    }
    const Wh = this.#flowed(endMs) - this.#flowed(startMs) - lostWh;
    const isSilent = gapMs >= endMs - startMs;
    const toleranceWh = this.#stepsW(stretch) * ((1.5 * intervalMs) / 3_600_000) + 0.01;
    return { flow, source: isSilent ? "none" : "power", Wh, toleranceWh, gapMs, gapToleranceMs: 1 };
  }

  #flowed(timeMs: number): number {
    return this.#home.model.energyWh(this.#der.member, this.#direction, timeMs);
  }

  /** What the counter would show, were it read at that time: between readings it grows evenly. */
  #told(timeMs: number): number {
    const next = this.#indexAfter(timeMs);
    const [fromMs = Number.NaN, toMs = Number.NaN] = [this.#times[next - 1], this.#times[next]];
    const [fromWh, toWh] = [this.#flowed(fromMs), this.#flowed(toMs)];
    return fromWh + ((toWh - fromWh) * (timeMs - fromMs)) / (toMs - fromMs);
  }

  #gaps({ startMs, endMs }: Stretch): { gapMs: number; lostWh: number } {
    let [gapMs, lostWh] = [0, 0];
    for (let next = this.#indexAfter(startMs); ; next++) {
      const [fromMs = Number.NaN, toMs = Number.NaN] = [this.#times[next - 1], this.#times[next]];
      if (fromMs >= endMs) return { gapMs, lostWh };
      if (toMs - fromMs <= gapMsMin) continue;
      const [gapFromMs, gapToMs] = [Math.max(fromMs, startMs), Math.min(toMs, endMs)];
      gapMs += gapToMs - gapFromMs;
      lostWh += this.#flowed(gapToMs) - this.#flowed(gapFromMs);
    }
  }

  /** By how much the power changed in all steps that are in the stretch or next to it. */
  #stepsW({ startMs, endMs }: Stretch): number {
    let sumW = 0;
    for (let ms = startMs - stepMs; ms < endMs + stepMs; ms += stepMs) {
      const { model } = this.#home;
      const { member } = this.#der;
      sumW += Math.abs(model.powersAt(ms + stepMs)[member] - model.powersAt(ms)[member]);
    }
    return sumW;
  }

  /** Of the first reading after a time. */
  #indexAfter(timeMs: number): number {
    let [low, high] = [0, this.#times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] ?? Infinity) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
