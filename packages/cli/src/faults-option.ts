import type { Speed } from "@novacore/simulator";
import { dialectChoices, type Faults, noFaults } from "@novacore/simulator/faults";
import type { Reader } from "./field.ts";
import { nearest } from "./nearest.ts";
import { decimal, duration, oneOf } from "./readers.ts";

const dayMs = 86_400_000;
const share = decimal(0, 1);
const driftLength = duration(0, dayMs);

const readers = {
  drop: (text) => ({ drop: share(text) }),
  late: (text) => ({ late: share(text) }),
  duplicate: (text) => ({ duplicate: share(text) }),
  drift: (text) => ({ driftMs: readDriftMs(text) }),
  dialect: (text) => ({ dialect: oneOf(dialectChoices)(text) }),
} as const satisfies Record<string, Reader<Partial<Faults>>>;

/** `drop=0.01,late=0.02,drift=-30s,dialect=legacy`: each once, in any order. */
export function readFaults(text: string): Faults {
  const given = text.split(",").map((part) => readFault(part.trim()));
  return Object.assign({ ...noFaults }, ...given);
}

/** `1`, `60x`, or `max`. */
export function readSpeed(text: string): Speed {
  if (text === "max") return "max";
  const times = Number(/^(\d+(?:\.\d+)?)x?$/.exec(text)?.[1]);
  if (times > 0 && times <= 100_000) return times;
  throw new Error("give 1 for real time, 60x for an hour in a minute, or max.");
}

function readFault(part: string): Partial<Faults> {
  const [name = "", value] = part.split("=", 2);
  const reader = Object.entries(readers).find(([each]) => each === name)?.[1];
  if (reader === undefined) {
    const names = Object.keys(readers);
    const meant = nearest(name, names);
    const hint = meant === undefined ? "" : ` Did you mean ${meant}?`;
    throw new Error(`there is no fault "${name}": give some of ${names.join(", ")}.${hint}`);
  }
  if (value === undefined) throw new Error(`${name} needs a value, as ${name}=….`);
  try {
    return reader(value);
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`);
  }
}

function readDriftMs(text: string): number {
  return text.startsWith("-") ? 0 - driftLength(text.slice(1)) : driftLength(text);
}
