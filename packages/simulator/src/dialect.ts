import type { Reading } from "@novacore/protocol";

/**
 * How gateways in the field write a reading (wire contract §6). `legacy`: text timestamps, old names of
 * types, an epoch in `read_time_ms`, and a battery's W signed the other way round; `lower-case`: `w`,
 * `soc`, `freq_hz`; `seconds`: a timestamp in whole seconds; `suffixed`: `W_DC`, `mppts`, `ts_ms`.
 */
export const dialects = ["canonical", "legacy", "lower-case", "seconds", "suffixed"] as const;
export type Dialect = (typeof dialects)[number];

/** A reading as a gateway of that dialect sends it. */
export function inDialect(dialect: Dialect, reading: Reading): Readonly<Record<string, unknown>> {
  switch (dialect) {
    case "canonical":
      return reading;
    case "legacy":
      return inLegacy(reading);
    case "lower-case":
      return rename(reading, (name) => lowerCaseName(name, reading.type));
    case "seconds":
      return inSeconds(reading);
    case "suffixed":
      return inSuffixed(reading);
  }
}

/** Whether the hub must be told, by the gateway's `battery_sign`, that W of a battery is negated. */
export function negatesBattery(dialect: Dialect): boolean {
  return dialect === "legacy";
}

const legacyTypes: Readonly<Record<string, string>> = { pv: "solar", ev_charger: "ev_port" };

function inLegacy(reading: Reading) {
  const { type, timestamp, W } = reading;
  return {
    ...reading,
    type: legacyTypes[type] ?? type,
    timestamp: new Date(timestamp).toISOString().replace("Z", "000000Z"), // as Go prints nanoseconds
    read_time_ms: timestamp,
    ...(type === "battery" && W !== undefined && { W: 0 - W }), // not −W, which is −0 at rest
  };
}

function lowerCaseName(name: string, type: Reading["type"]): string {
  switch (name) {
    case "Hz":
      return "freq_hz";
    case "SoC_nom_fract":
      return "soc";
    case "plug_connected":
      return "connected";
    case "session_charge_Wh":
      return "session_wh";
    case "temperature_C":
      return "temp_c";
    case "heatsink_C": // of a battery `temp_c` is its temperature
      return type === "pv" ? "temp_c" : "heatsink_c";
    default:
      return name.toLowerCase();
  }
}

function inSeconds({ read_time_ms: _absent, ...reading }: Reading) {
  return { ...reading, timestamp: Math.floor(reading.timestamp / 1000) };
}

function inSuffixed(reading: Reading) {
  const suffix = reading.type === "pv" || reading.type === "battery" ? "_DC" : "_AC";
  const flat = rename(reading, (name) => {
    if (name === "timestamp") return "ts_ms";
    return name === "W" || /^total_.*_Wh$/.test(name) ? name + suffix : name;
  });
  const { mppt1_V: V, mppt1_A: A, ...others } = flat;
  return V === undefined ? flat : { ...others, mppts: [{ V, A }] };
}

function rename(reading: Reading, nameOf: (name: string) => string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(reading).map(([name, value]) => [nameOf(name), value]));
}
