import { type TNumber, type TOptional, type TSchema, Type } from "typebox";

/**
 * The members that readings are built from: each with its unit, its sign and the range outside
 * which a value can only be a fault. The ranges are wide on purpose: they refuse the impossible
 * (a scaling error, a wrong register), never the unusual.
 *
 * Sign convention, once for all: positive is into the site's load or into the battery, negative is
 * out. Counters (…_Wh) are positive and only grow, one per direction. Absent means "not reported";
 * it never means 0.
 */
type Unit = "W" | "VA" | "var" | "V" | "A" | "Hz" | "Wh" | "°C" | "ms" | "1";

interface Range {
  readonly minimum: number;
  readonly maximum: number;
}

/** An optional number with unit and range; `x-unit` is the JSON Schema keyword that carries it. */
function quantity(unit: Unit, range: Range, description: string): TOptional<TNumber> {
  return Type.Optional(Type.Number({ ...range, description, "x-unit": unit }));
}

const powerMaxW = 10_000_000; // a large commercial site
const voltageMaxV = 2_000; // above the 1500 V DC class
const currentMaxA = 10_000;
const energyMaxWh = 1e12; // 1 TWh: a lifetime counter never gets there
const temperatureRangeC: Range = { minimum: -100, maximum: 250 };

const signed = (maximum: number): Range => ({ minimum: -maximum, maximum });
const unsigned = (maximum: number): Range => ({ minimum: 0, maximum });

export const powerW = (description: string, range = signed(powerMaxW)) =>
  quantity("W", range, description);
/** Power that can only flow out of the DER, as PV does: ≤ 0. */
export const powerOutW = (description: string) =>
  powerW(description, { minimum: -powerMaxW, maximum: 0 });
/** Power that can only flow in, or a rating: ≥ 0. */
export const powerInW = (description: string) => powerW(description, unsigned(powerMaxW));
export const apparentPowerVA = (description: string) =>
  quantity("VA", signed(powerMaxW), description);
export const reactivePowerVar = (description: string) =>
  quantity("var", signed(powerMaxW), description);
export const voltageV = (description: string) => quantity("V", signed(voltageMaxV), description);
export const currentA = (description: string) => quantity("A", signed(currentMaxA), description);
export const frequencyHz = (description: string) => quantity("Hz", unsigned(100), description);
export const energyWh = (description: string) => quantity("Wh", unsigned(energyMaxWh), description);
export const temperatureC = (description: string) => quantity("°C", temperatureRangeC, description);
export const fraction = (description: string) => quantity("1", unsigned(1), description);
export const text = (description: string) =>
  Type.Optional(Type.String({ maxLength: 256, description }));
export const flag = (description: string) => Type.Optional(Type.Boolean({ description }));

/** A limit that is one number, or the three of a V2X charger: [minimum, 0, maximum]. */
export function limitW(description: string) {
  const bound = Type.Number({ ...signed(powerMaxW), "x-unit": "W" });
  return Type.Optional(Type.Union([bound, Type.Tuple([bound, bound, bound])], { description }));
}

/** L1..L3 voltage, current and power of an AC connection. */
export const phases = {
  L1_V: voltageV("Voltage of phase 1 to neutral"),
  L2_V: voltageV("Voltage of phase 2 to neutral"),
  L3_V: voltageV("Voltage of phase 3 to neutral"),
  L1_A: currentA("Current of phase 1, + in"),
  L2_A: currentA("Current of phase 2, + in"),
  L3_A: currentA("Current of phase 3, + in"),
  L1_W: powerW("Active power of phase 1, + in"),
  L2_W: powerW("Active power of phase 2, + in"),
  L3_W: powerW("Active power of phase 3, + in"),
};

/** DC side of an inverter or V2X charger. */
export const directCurrent = {
  dc_W: powerW("DC power, + into the battery"),
  dc_V: voltageV("DC voltage"),
  dc_A: currentA("DC current, + into the battery"),
};

/** mppt1_V, mppt1_A … of each tracker of a PV inverter, flat. */
export const trackerMembers: Record<string, TSchema> = {
  "^mppt[1-9][0-9]?_V$": Type.Number({ ...signed(voltageMaxV), "x-unit": "V" }),
  "^mppt[1-9][0-9]?_A$": Type.Number({ ...signed(currentMaxA), "x-unit": "A" }),
  "^mppt[1-9][0-9]?_W$": Type.Number({ ...signed(powerMaxW), "x-unit": "W" }),
};
