import type { EnrichedReading } from "@novacore/protocol";

/** Which way power goes, in the words of each type. */
export type Flow =
  | "producing"
  | "consuming"
  | "charging"
  | "discharging"
  | "importing"
  | "exporting"
  | "idle";

/** Into the site's load or the battery, by positive power; and out of it. */
const words = {
  pv: ["consuming", "producing"],
  inverter: ["consuming", "producing"],
  battery: ["charging", "discharging"],
  ev_charger: ["charging", "discharging"],
  v2x_charger: ["charging", "discharging"],
  meter: ["importing", "exporting"],
} as const satisfies Readonly<Record<EnrichedReading["type"], readonly [Flow, Flow]>>;

/**
 * What a reading's power means: a meter's −800 W is `exporting`. Less than `idleW` either way is
 * `idle`; undefined: the reading has no power.
 */
export function flow(
  reading: { readonly type: EnrichedReading["type"]; readonly W?: number | undefined },
  { idleW = 1 }: { readonly idleW?: number | undefined } = {},
): Flow | undefined {
  const { type, W } = reading;
  if (W === undefined) return undefined;
  if (Math.abs(W) < idleW) return "idle";
  const [into, out] = words[type];
  return W > 0 ? into : out;
}
