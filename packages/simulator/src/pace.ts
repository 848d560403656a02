/** How fast the time of the virtual homes goes: 60 is an hour in a minute, `max` as it can. */
export type Speed = number | "max";

export interface Pace {
  /** The homes' time when the clock shows `nowMs`; with `max` there is nothing to wait for. */
  homeTimeMs(nowMs: number): number;
  /** From `nowMs` until the homes' time is `timeMs`; 0: it is or was already. */
  waitMs(timeMs: number, nowMs: number): number;
}

/** The homes' time is `fromMs` when the clock shows `startMs`. */
export function createPace(speed: Speed, fromMs: number, startMs: number): Pace {
  if (speed === "max") return { homeTimeMs: () => Infinity, waitMs: () => 0 };
  return {
    homeTimeMs: (nowMs) => fromMs + (nowMs - startMs) * speed,
    waitMs: (timeMs, nowMs) => Math.max(0, Math.ceil(startMs + (timeMs - fromMs) / speed - nowMs)),
  };
}
