import type { Reader } from "./field.ts";
import { nearest } from "./nearest.ts";

/** Texts of a command line, read into values; what they throw follows `--name is "text"; `. */

export function wholeNumber(min: number, max: number): Reader<number> {
  return (text) => {
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= min && value <= max) return value;
    throw new Error(`give a whole number from ${min} to ${max}.`);
  };
}

export function decimal(min: number, max: number): Reader<number> {
  return (text) => {
    const value = Number(text);
    if (/^-?\d+(\.\d+)?$/.test(text) && value >= min && value <= max) return value;
    throw new Error(`give a number from ${min} to ${max}.`);
  };
}

export function oneOf<const T extends string>(choices: readonly T[]): Reader<T> {
  return (text) => {
    const choice = choices.find((each) => each === text);
    if (choice !== undefined) return choice;
    const meant = nearest(text, choices);
    const hint = meant === undefined ? "" : ` Did you mean ${meant}?`;
    throw new Error(`give one of ${choices.join(", ")}.${hint}`);
  };
}

const unitMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `30s`, `10m`, `2h` or `7d`, in ms; from `leastMs` to `mostMs`. */
export function duration(leastMs: number, mostMs: number): Reader<number> {
  return (text) => {
    const lengthMs = lengthOf(text);
    if (lengthMs === undefined) throw new Error("give a length of time, as 30s, 10m, 2h or 7d.");
    if (lengthMs >= leastMs && lengthMs <= mostMs) return lengthMs;
    throw new Error(`give ${leastMs / 1_000}s to ${mostMs / 1_000}s.`);
  };
}

/** `10m` is ten minutes before now; else ISO-8601, or epoch milliseconds. Gives epoch ms. */
export function pastTime(now: () => number = Date.now): Reader<number> {
  return (text) => {
    const lengthMs = lengthOf(text);
    if (lengthMs !== undefined) return now() - lengthMs;
    const timeMs = /^\d{13}$/.test(text) ? Number(text) : Date.parse(text);
    if (!Number.isNaN(timeMs) && (/^\d{13}$/.test(text) || /^\d{4}-\d\d-\d\d/.test(text))) {
      return timeMs;
    }
    throw new Error("give a time before now, as 10m, 2h or 3d, or ISO-8601.");
  };
}

/** The same, where a date alone means that day's start at the site, which the hub knows. */
export function timeOrDate(now: () => number = Date.now): Reader<number | string> {
  const read = pastTime(now);
  return (text) => {
    const timeMs = read(text);
    return /^\d{4}-\d\d-\d\d$/.test(text) ? text : timeMs;
  };
}

function lengthOf(text: string): number | undefined {
  const [, count, unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const length = unitMs[unit];
  return length === undefined ? undefined : Number(count) * length;
}
