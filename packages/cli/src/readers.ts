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

/** `10m` is ten minutes before now; else ISO-8601, or epoch milliseconds. Gives epoch ms. */
export function pastTime(now: () => number = Date.now): Reader<number> {
  return (text) => {
    const [, count, unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
    const length = unitMs[unit];
    if (count !== undefined && length !== undefined) return now() - Number(count) * length;
    const timeMs = /^\d{13}$/.test(text) ? Number(text) : Date.parse(text);
    if (!Number.isNaN(timeMs) && (/^\d{13}$/.test(text) || /^\d{4}-\d\d-\d\d/.test(text))) {
      return timeMs;
    }
    throw new Error("give a time before now, as 10m, 2h or 3d, or ISO-8601.");
  };
}
