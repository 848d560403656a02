// layout: one table, which is read from top to bottom
/**
 * Every dialect that gateways in the field speak (wire contract §6), as a table: what a gateway
 * sends, and what a consumer must get. The same rows run over every way in.
 */
export type DerKey =
  | "solar"
  | "battery"
  | "meter"
  | "charger"
  | "v2x"
  | "negated-battery"
  | "named-solar";

export interface DialectRow {
  readonly name: string;
  /** Which DER of the test home sends it. */
  readonly der: DerKey;
  /** What the gateway sends; `timeMs` is the instant that the row is about. */
  readonly sends: (timeMs: number) => Record<string, unknown>;
  /** Members that must arrive, exactly. `timestamp` is always checked to be `timeMs`. */
  readonly arrives: Record<string, unknown>;
  /** Members that must not arrive. */
  readonly absent?: readonly string[];
  /** Where the instant is only known to the second. */
  readonly wholeSeconds?: true;
}

/** RFC 3339 with nanoseconds, as Go's time package prints it. */
const nanoseconds = (timeMs: number) => new Date(timeMs).toISOString().replace("Z", "456789Z");

export const dialectRows: readonly DialectRow[] = [
  {
    name: "the canonical form arrives as it was sent",
    der: "battery",
    sends: (timestamp) => ({
      type: "battery",
      make: "Acme",
      timestamp,
      read_time_ms: 41,
      W: 1500.5,
      V: 51.2,
      A: 29.3,
      SoC_nom_fract: 0.55,
    }),
    arrives: {
      type: "battery",
      make: "Acme",
      read_time_ms: 41,
      W: 1500.5,
      V: 51.2,
      A: 29.3,
      SoC_nom_fract: 0.55,
    },
  },
  {
    name: "a timestamp in epoch seconds",
    der: "meter",
    wholeSeconds: true,
    sends: (timeMs) => ({ type: "meter", timestamp: timeMs / 1000, W: 10 }),
    arrives: { type: "meter", W: 10 },
  },
  {
    name: "an RFC 3339 timestamp with nanoseconds",
    der: "meter",
    sends: (timeMs) => ({ type: "meter", timestamp: nanoseconds(timeMs), W: 11 }),
    arrives: { W: 11 },
  },
  {
    name: "an RFC 3339 timestamp with an offset",
    der: "meter",
    wholeSeconds: true,
    sends: (timeMs) => ({
      type: "meter",
      timestamp: new Date(timeMs + 7_200_000).toISOString().replace(".000Z", "+02:00"),
      W: 12,
    }),
    arrives: { W: 12 },
  },
  {
    name: "ts_ms for timestamp",
    der: "meter",
    sends: (ts_ms) => ({ type: "meter", ts_ms, W: 13 }),
    arrives: { W: 13 },
    absent: ["ts_ms"],
  },
  {
    name: "no read_time_ms",
    der: "meter",
    sends: (timestamp) => ({ type: "meter", timestamp, W: 14 }),
    arrives: { W: 14 },
    absent: ["read_time_ms"],
  },
  {
    name: "read_time_ms of 0",
    der: "meter",
    sends: (timestamp) => ({ type: "meter", timestamp, read_time_ms: 0, W: 15 }),
    arrives: { W: 15, read_time_ms: 0 },
  },
  {
    name: "read_time_ms misused as an epoch beside an RFC 3339 timestamp is dropped",
    der: "meter",
    sends: (timeMs) => ({
      type: "meter",
      timestamp: nanoseconds(timeMs),
      read_time_ms: timeMs,
      W: 16,
    }),
    arrives: { W: 16 },
    absent: ["read_time_ms"],
  },
  {
    name: "solar is pv",
    der: "solar",
    sends: (timestamp) => ({ type: "solar", timestamp, W: -3000 }),
    arrives: { type: "pv", W: -3000 },
  },
  ...["ev_port", "ev", "ev_charger_port", "ev_charger"].map(
    (type): DialectRow => ({
      name: `${type} on an ev_charger is ev_charger`,
      der: "charger",
      sends: (timestamp) => ({ type, timestamp, W: 7000 }),
      arrives: { type: "ev_charger", W: 7000 },
    }),
  ),
  ...["V2X", "v2x_charger", "ev_charger_port"].map(
    (type): DialectRow => ({
      name: `${type} under a V2X charger's port is v2x_charger`,
      der: "v2x",
      sends: (timestamp) => ({ type, timestamp, W: -7000 }),
      arrives: { type: "v2x_charger", W: -7000 },
    }),
  ),
  ...["w", "dc_W", "ac_W", "W_DC", "W_AC"].map(
    (member): DialectRow => ({
      name: `${member} for W`,
      der: "solar",
      sends: (timestamp) => ({ type: "pv", timestamp, [member]: -1234 }),
      arrives: { W: -1234 },
      absent: [member],
    }),
  ),
  {
    name: "plain W wins where both stand",
    der: "solar",
    sends: (timestamp) => ({ type: "pv", timestamp, w: -1, W: -2 }),
    arrives: { W: -2 },
    absent: ["w"],
  },
  {
    name: "a V2X charger keeps its own dc_W",
    der: "v2x",
    sends: (timestamp) => ({ type: "v2x_charger", timestamp, W: 7000, dc_W: 6800, dc_V: 400 }),
    arrives: { W: 7000, dc_W: 6800, dc_V: 400 },
  },
  {
    name: "lower-case voltage, current, frequency and phases",
    der: "meter",
    sends: (timestamp) => ({
      type: "meter",
      timestamp,
      w: 17,
      freq_hz: 50.02,
      l1_v: 231,
      l2_v: 232,
      l3_v: 233,
      l1_a: 1,
      l2_w: -2,
    }),
    arrives: { W: 17, Hz: 50.02, L1_V: 231, L2_V: 232, L3_V: 233, L1_A: 1, L2_W: -2 },
    absent: ["freq_hz", "l1_v", "l2_v", "l3_v", "l1_a", "l2_w"],
  },
  {
    name: "soc for SoC_nom_fract",
    der: "battery",
    sends: (timestamp) => ({ type: "battery", timestamp, W: -10, soc: 0.42 }),
    arrives: { W: -10, SoC_nom_fract: 0.42 },
    absent: ["soc"],
  },
  {
    name: "mppt as an array of {V, A}",
    der: "solar",
    sends: (timestamp) => ({
      type: "pv",
      timestamp,
      W: -1,
      mppt: [
        { V: 400, A: 5 },
        { V: 410, A: 6 },
      ],
    }),
    arrives: { mppt1_V: 400, mppt1_A: 5, mppt2_V: 410, mppt2_A: 6 },
    absent: ["mppt"],
  },
  {
    name: "mppts as an array with members missing",
    der: "solar",
    sends: (timestamp) => ({
      type: "pv",
      timestamp,
      W: -2,
      mppts: [{ V: 400 }, { A: 6, W: 2400 }],
    }),
    arrives: { mppt1_V: 400, mppt2_A: 6, mppt2_W: 2400 },
    absent: ["mppts", "mppt1_A", "mppt2_V"],
  },
  {
    name: "mppt1_v in lower case",
    der: "solar",
    sends: (timestamp) => ({ type: "pv", timestamp, W: -3, mppt1_v: 399, mppt1_a: 4 }),
    arrives: { mppt1_V: 399, mppt1_A: 4 },
    absent: ["mppt1_v", "mppt1_a"],
  },
  ...(
    [
      ["solar", "pv", "total_generation_Wh"],
      ["meter", "meter", "total_import_Wh"],
      ["meter", "meter", "total_export_Wh"],
      ["battery", "battery", "total_charge_Wh"],
      ["battery", "battery", "total_discharge_Wh"],
    ] as const
  ).flatMap(([der, type, counter]) =>
    [counter.replace("_Wh", "_wh"), `${counter}_DC`, `${counter}_AC`].map(
      (member): DialectRow => ({
        name: `${member} for ${counter}`,
        der,
        sends: (timestamp) => ({ type, timestamp, W: -0, [member]: 123_456 }),
        arrives: { [counter]: 123_456 },
        absent: [member],
      }),
    ),
  ),
  {
    name: "temp_c of a battery is its temperature",
    der: "battery",
    sends: (timestamp) => ({ type: "battery", timestamp, W: 1, temp_c: 21.5 }),
    arrives: { temperature_C: 21.5 },
    absent: ["temp_c"],
  },
  {
    name: "temp_c of an inverter's PV is its heat sink",
    der: "solar",
    sends: (timestamp) => ({ type: "pv", timestamp, W: -4, temp_c: 45 }),
    arrives: { heatsink_C: 45 },
    absent: ["temp_c"],
  },
  {
    name: "charger members in lower case",
    der: "v2x",
    sends: (timestamp) => ({
      type: "v2x_charger",
      timestamp,
      w: 5,
      connected: true,
      vehicle_soc: 0.6,
      session_charge_wh: 1000,
      session_discharge_wh: 200,
    }),
    arrives: {
      W: 5,
      plug_connected: true,
      vehicle_soc_fract: 0.6,
      session_charge_Wh: 1000,
      session_discharge_Wh: 200,
    },
    absent: ["connected", "vehicle_soc", "session_charge_wh", "session_discharge_wh"],
  },
  {
    name: "session_wh of an EV charger is what it charged",
    der: "charger",
    sends: (timestamp) => ({ type: "ev_charger", timestamp, W: 6, session_wh: 1500 }),
    arrives: { session_charge_Wh: 1500 },
    absent: ["session_wh"],
  },
  {
    name: "members outside the schema are kept",
    der: "meter",
    sends: (timestamp) => ({
      type: "meter",
      timestamp,
      W: 18,
      vendor_flag: "x",
      nested: { a: [1, { b: null }] },
    }),
    arrives: { W: 18, vendor_flag: "x", nested: { a: [1, { b: null }] } },
  },
  {
    name: "null means not reported",
    der: "meter",
    sends: (timestamp) => ({ type: "meter", timestamp, W: 19, Hz: null }),
    arrives: { W: 19 },
    absent: ["Hz"],
  },
  {
    name: "a battery whose gateway sends W negated, but not A",
    der: "negated-battery",
    sends: (timeMs) => ({
      type: "battery",
      timestamp: nanoseconds(timeMs),
      read_time_ms: timeMs,
      W: -1500,
      A: 29,
    }),
    arrives: { W: 1500, A: 29 },
    absent: ["read_time_ms"],
  },
  {
    name: "a DER addressed by its name where the type would be ambiguous",
    der: "named-solar",
    sends: (timestamp) => ({ type: "solar", timestamp, W: -5 }),
    arrives: { type: "pv", W: -5, der_name: "roof-east" },
  },
  {
    name: "a payload cannot claim to be somebody else's",
    der: "meter",
    sends: (timestamp) => ({
      type: "meter",
      timestamp,
      W: 20,
      org_id: "org-other",
      der_id: "der-other",
      received_at: 1,
    }),
    arrives: { W: 20 },
  },
];
