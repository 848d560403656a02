import { type Dialect, dialects } from "./dialect.ts";
import { uniform } from "./random.ts";

/** What goes wrong between the devices of the virtual homes and the hub. */
export interface Faults {
  /** Share of readings, 0 to 1, that the gateway loses before it has sent them. */
  readonly drop: number;
  /** Share of readings that leave the gateway late, by up to ten minutes, and so out of order. */
  readonly late: number;
  /** Share of readings that are sent once more, within a minute. */
  readonly duplicate: number;
  /** How far the gateways' clocks, and so the timestamps, are ahead; negative: behind. */
  readonly driftMs: number;
  /** `mixed`: every home has another, in turn. */
  readonly dialect: Dialect | "mixed";
}

export const dialectChoices = [...dialects, "mixed"] as const satisfies Faults["dialect"][];

export const noFaults: Faults = {
  ...{ drop: 0, late: 0, duplicate: 0, driftMs: 0 },
  dialect: "canonical",
};

/** Longest delays: late readings are to be later than what the hub calls backfilled, five minutes. */
export const lateMsMax = 600_000;
export const copyMsMax = 60_000;

/** What becomes of one reading. Delays are of the home's time, and more than 0. */
export type Fate =
  | { readonly kind: "dropped" }
  | {
      readonly kind: "sent";
      /** 0: at once. */
      readonly lateMs: number;
      /** When it is sent again, after the first time; undefined: never. */
      readonly copyMs: number | undefined;
    };

/**
 * The fate of the reading at `place` of the gateway that has this seed: a pure function, so the same
 * run can be had again, and each fault falls as it would without the others.
 */
export function fateOf({ drop, late, duplicate }: Faults, seed: number, place: number): Fate {
  const chance = (throwOf: number) => uniform(seedOfThrow(seed, throwOf), place);
  if (chance(0) < drop) return { kind: "dropped" };
  return {
    kind: "sent",
    lateMs: chance(1) < late ? delayMs(chance(2), lateMsMax) : 0,
    copyMs: chance(3) < duplicate ? delayMs(chance(4), copyMsMax) : undefined,
  };
}

export function dialectOf({ dialect }: Faults, home: number): Dialect {
  if (dialect !== "mixed") return dialect;
  return dialects[home % dialects.length] ?? "canonical";
}

/** Neighbouring homes have neighbouring seeds: their dice must not be the same ones, shifted. */
function seedOfThrow(seed: number, throwOf: number): number {
  return Math.floor(uniform(seed, 1_000_000 + throwOf) * 2 ** 32);
}

function delayMs(chance: number, most: number): number {
  return 1 + Math.floor(chance * most);
}
