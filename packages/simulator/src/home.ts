import { batteryPowerW, socAfterSecond } from "./battery.ts";
import { chargePowerW, planSessions, type Session, sessionAt } from "./ev.ts";
import { halfHourPowersW, type Texture } from "./half-hour.ts";
import {
  daySeconds,
  halfHourSeconds,
  type RecordedDays,
  readRecordedDays,
} from "./recorded-days.ts";

export interface HomeOptions {
  /** Same seed, same home. Default 1. */
  readonly seed?: number;
  /** Local time of the home: hours ahead of UTC. Default 0. */
  readonly utcOffsetHours?: number;
  /** Default: the fortnight that the package ships. */
  readonly days?: RecordedDays;
}

/**
 * What happens in the home during one second. Powers follow the one sign convention (+ into the load,
 * the battery or the car): `meterW = loadW + pvW + batteryW + evW`. Counters are for the lifetime.
 */
export interface HomeState {
  readonly pvW: number;
  readonly loadW: number;
  readonly batteryW: number;
  readonly evW: number;
  readonly meterW: number;
  readonly socFraction: number;
  /** Local time of the home: 0 to less than 24. */
  readonly hourOfDay: number;
  /** Energy of the session that is on; undefined while no car is plugged in. */
  readonly sessionWh: number | undefined;
  readonly generationWh: number;
  readonly importWh: number;
  readonly exportWh: number;
  readonly chargeWh: number;
  readonly dischargeWh: number;
  readonly evChargeWh: number;
}

export interface Home {
  /** The home at a wall-clock time. Any order works; the next second is cheapest. */
  at(timeMs: number): HomeState;
}

/**
 * When the virtual homes were switched on, a Monday as in the recording. The state at any time since
 * is a pure function of that time: a restart, or a second process, goes on where the first one was,
 * and counters never go back, with nothing saved.
 */
export const homeEpochMs = Date.UTC(2024, 0, 1);

const counters = [
  "generationWh",
  "importWh",
  "exportWh",
  "chargeWh",
  "dischargeWh",
  "evChargeWh",
] as const;

const atRest: HomeState = {
  hourOfDay: 0,
  ...{ pvW: 0, loadW: 0, batteryW: 0, evW: 0, meterW: 0, socFraction: 0.5, sessionWh: undefined },
  ...{ generationWh: 0, importWh: 0, exportWh: 0, chargeWh: 0, dischargeWh: 0, evChargeWh: 0 },
};

/** Builds a home; takes some tenths of a second, in which it lives through the recording once. */
export function createHome(options: HomeOptions = {}): Home {
  const { seed = 1, utcOffsetHours = 0, days = readRecordedDays() } = options;
  return homeOf(liveThrough(days, seed), utcOffsetHours * 3600);
}

/**
 * Builds many homes, of which no two have the same day on the same date. As many as the recording
 * has days share what is lived through, each another number of days ahead; then comes another seed.
 */
export function* createHomes(count: number, firstSeed: number): Generator<Home, void> {
  const days = readRecordedDays();
  const perLife = Math.floor((days.consumptionW.length * halfHourSeconds) / daySeconds);
  let life: Life | undefined;
  for (let index = 0; index < count; index++) {
    const ahead = index % perLife;
    if (life === undefined || ahead === 0) life = liveThrough(days, firstSeed + index / perLife);
    yield homeOf(life, ahead * daySeconds);
  }
}

/** The recording, lived through. */
interface Life {
  readonly days: RecordedDays;
  readonly seed: number;
  /** The state before each half hour, and what the whole adds to the counters. */
  readonly checkpoints: readonly HomeState[];
  readonly perCycle: HomeState;
}

function liveThrough(days: RecordedDays, seed: number): Life {
  const cycleSeconds = days.consumptionW.length * halfHourSeconds;
  const step = createStep(days, seed);
  // The recording repeats, so the state at its end is the state at its beginning. The battery's
  // nightly top-up makes it forget where it began: the last three days find that state.
  const start = { ...atRest };
  live(start, cycleSeconds - 3 * daySeconds, cycleSeconds, step);
  for (const counter of counters) start[counter] = 0;
  const perCycle = { ...start };
  return { days, seed, checkpoints: live(perCycle, 0, cycleSeconds, step), perCycle };
}

function homeOf({ days, seed, checkpoints, perCycle }: Life, aheadSeconds: number): Home {
  const cycleSeconds = checkpoints.length * halfHourSeconds;
  const step = createStep(days, seed); // its own: it keeps the half hour at hand
  let last: { second: number; state: Running } | undefined;
  return {
    at(timeMs) {
      const second = Math.floor((timeMs - homeEpochMs) / 1000) + aheadSeconds;
      if (second < 0) throw new RangeError(`the home begins in 2024, not at ${timeMs}`);
      const position = second % cycleSeconds;
      const checkpoint = Math.floor(position / halfHourSeconds);
      let next = checkpoint * halfHourSeconds;
      if (last !== undefined && last.second >= next && last.second <= position) {
        next = last.second + 1;
      } else {
        last = { second: next, state: { ...(checkpoints[checkpoint] ?? atRest) } };
      }
      live(last.state, next, position + 1, step);
      last.second = position;
      return addCycles(last.state, perCycle, Math.floor(second / cycleSeconds));
    },
  };
}

type Running = { -readonly [Member in keyof HomeState]: HomeState[Member] };
/** Brings a state one second on, in place: the recording has 1.2 million of them. */
type Step = (state: Running, second: number) => void;

function createStep(days: RecordedDays, seed: number): Step {
  const sessions = planSessions(seed, Math.floor(days.consumptionW.length / 48));
  const loadAt = powersOf(days.consumptionW, { seed, amplitude: 0.25, periodSeconds: 20 });
  const clouds = { seed: seed + 1, amplitude: 0.12, periodSeconds: 75 };
  const generationAt = powersOf(days.generationW, clouds);
  return (state, second) => {
    const loadW = loadAt(second);
    const generationW = generationAt(second);
    const hourOfDay = (second % daySeconds) / 3600;
    const { socFraction } = state;
    state.hourOfDay = hourOfDay;
    const batteryW = batteryPowerW({ socFraction, loadW, generationW, hourOfDay });
    stepCar(state, sessions, second);
    const meterW = loadW - generationW + batteryW + state.evW;
    state.loadW = loadW;
    state.pvW = 0 - generationW; // not −generationW, which is −0 at night
    state.batteryW = batteryW;
    state.meterW = meterW;
    state.socFraction = socAfterSecond(socFraction, batteryW);
    state.generationWh += generationW / 3600;
    state.evChargeWh += state.evW / 3600;
    if (meterW > 0) state.importWh += meterW / 3600;
    else state.exportWh -= meterW / 3600;
    if (batteryW > 0) state.chargeWh += batteryW / 3600;
    else state.dischargeWh -= batteryW / 3600;
  };
}

function stepCar(state: Running, sessions: readonly Session[], second: number): void {
  const current = sessionAt(sessions, second);
  if (current === undefined) {
    state.evW = 0;
    state.sessionWh = undefined;
    return;
  }
  const beforeWh = current.begins ? 0 : (state.sessionWh ?? current.session.neededWh);
  state.evW = chargePowerW(current.session, beforeWh);
  state.sessionWh = beforeWh + state.evW / 3600;
}

/** Lives through the seconds `from` to before `to`; returns the state before each half hour. */
function live(state: Running, from: number, to: number, step: Step): readonly HomeState[] {
  const checkpoints: HomeState[] = [];
  for (let second = from; second < to; second++) {
    if (second % halfHourSeconds === 0) checkpoints.push({ ...state });
    step(state, second);
  }
  return checkpoints;
}

function addCycles(state: HomeState, perCycle: HomeState, cycles: number): HomeState {
  const total: Running = { ...state };
  for (const counter of counters) total[counter] += cycles * perCycle[counter];
  return total;
}

/** The power at each second of the recording; the half hour at hand is kept. */
function powersOf(meansW: readonly number[], texture: Texture): (second: number) => number {
  let kept: { index: number; powersW: Float64Array } | undefined;
  return (second) => {
    const index = Math.floor(second / halfHourSeconds);
    if (kept?.index !== index) kept = { index, powersW: halfHourPowersW(meansW, index, texture) };
    return kept.powersW[second % halfHourSeconds] ?? 0;
  };
}
