import { uniform } from "@novacore/simulator";

/**
 * A home whose power is known at every moment, so that its energy between any two moments is known
 * without adding up readings: powers are steps that change in the middle of each quarter of an hour
 * (:07:30, :22:30 …), so that none changes near the edge of a bucket.
 */
export const stepMs = 900_000;
const stepPhaseMs = stepMs / 2;

/** Powers by the sign convention: + into the load, the battery or the car. */
export interface Powers {
  readonly pvW: number;
  readonly pv2W: number;
  readonly batteryW: number;
  readonly evW: number;
  readonly meterW: number;
}
type Member = keyof Powers;
const members = ["pvW", "pv2W", "batteryW", "evW", "meterW"] as const;

/** What the home has beside a meter, a battery and panels. */
export interface HomeKind {
  readonly hasSecondPv: boolean;
  /** The car can give energy back. */
  readonly isV2x: boolean;
}

export interface HomeModel {
  powersAt(timeMs: number): Powers;
  /** Energy in Wh, ≥ 0, that went in (+) or out (−) from the model's start to then. */
  energyWh(member: Member, direction: "in" | "out", timeMs: number): number;
}

export interface HomeModelOptions extends HomeKind {
  readonly seed: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export function createHomeModel(options: HomeModelOptions): HomeModel {
  const firstStep = Math.floor((options.fromMs - stepPhaseMs) / stepMs);
  const count = Math.ceil((options.toMs - stepPhaseMs) / stepMs) - firstStep + 1;
  const steps: Powers[] = [];
  let storedWh = 4_000;
  for (let index = 0; index < count; index++) {
    const startMs = (firstStep + index) * stepMs + stepPhaseMs;
    const powers = powersOfStep(options, firstStep + index, startMs, storedWh);
    storedWh += (powers.batteryW * stepMs) / 3_600_000;
    steps.push(powers);
  }
  const sums = new Map(members.map((member) => [member, cumulate(steps, member)]));
  const stepOf = (timeMs: number) => Math.floor((timeMs - stepPhaseMs) / stepMs) - firstStep;
  const stepAt = (index: number) => {
    const powers = steps[index];
    if (powers === undefined) throw new RangeError(`the model does not reach step ${index}`);
    return powers;
  };
  return {
    powersAt: (timeMs) => stepAt(stepOf(timeMs)),
    energyWh(member, direction, timeMs) {
      const index = stepOf(timeMs);
      const intoStepMs = timeMs - stepPhaseMs - (firstStep + index) * stepMs;
      const before = sums.get(member)?.[direction][index] ?? 0;
      return before + (part(stepAt(index)[member], direction) * intoStepMs) / 3_600_000;
    },
  };
}

const part = (W: number, direction: "in" | "out") => Math.max(0, direction === "in" ? W : -W);

/** Energy from the start of the model to the start of each step. */
function cumulate(steps: readonly Powers[], member: Member) {
  const sums = { in: new Float64Array(steps.length), out: new Float64Array(steps.length) };
  for (const direction of ["in", "out"] as const) {
    let sumWh = 0;
    for (const [index, powers] of steps.entries()) {
      sums[direction][index] = sumWh;
      sumWh += (part(powers[member], direction) * stepMs) / 3_600_000;
    }
  }
  return sums;
}

function powersOfStep(
  { seed, hasSecondPv, isV2x }: HomeModelOptions,
  step: number,
  startMs: number,
  storedWh: number,
): Powers {
  const noise = (salt: number) => uniform(seed * 31 + salt, step);
  const hour = (startMs / 3_600_000) % 24;
  const sun = Math.max(0, Math.sin(((hour - 5) / 13) * Math.PI));
  const pvW = 0 - Math.round(5_000 * sun * (0.3 + 0.7 * noise(1)));
  const pv2W = hasSecondPv ? 0 - Math.round(2_000 * sun * noise(2)) : 0;
  const loadW = Math.round(200 + 1_500 * noise(3) ** 3);
  const evW = carW(noise, hour, isV2x);
  const netW = loadW + pvW + pv2W + evW;
  // A quarter at 3 kW is 750 Wh, so the battery neither runs over nor dry.
  const canCharge = storedWh < 8_000;
  const canDischarge = storedWh > 1_500;
  let batteryW = 0;
  if (netW < 0 && canCharge) batteryW = Math.min(3_000, -netW);
  if (netW > 0 && canDischarge) batteryW = Math.max(-3_000, -netW);
  return { pvW, pv2W, batteryW, evW, meterW: netW + batteryW };
}

function carW(noise: (salt: number) => number, hour: number, isV2x: boolean): number {
  if (hour >= 22 || hour < 3) return noise(4) < 0.6 ? 7_400 : 0;
  if (isV2x && hour >= 16 && hour < 19) return noise(5) < 0.5 ? -3_700 : 0;
  return 0;
}
