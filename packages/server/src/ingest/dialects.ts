import { type ReadingType, readingTypes } from "@novacore/protocol";
import { type MemberCheck, memberChecks, trackerChecks } from "./member-checks.ts";

/**
 * Every dialect of wire contract §6, and nothing of them anywhere else. The canonical form of a
 * member is itself; other spellings stand here, the best first.
 */

/** What a gateway may call a type of reading, in its `type` member or in the subject. */
const typeNames: Record<ReadingType, readonly string[]> = {
  pv: ["pv", "solar"],
  battery: ["battery"],
  meter: ["meter", "energy_meter"],
  v2x_charger: ["v2x_charger", "v2x", "ev_charger_port", "ev_port", "ev"],
  ev_charger: ["ev_charger", "ev_port", "ev", "ev_charger_port"],
  inverter: ["inverter"],
};

interface Alias {
  readonly canonical: string;
  readonly names: readonly string[];
  /** Types of reading that it holds for; a name that is a member of the type itself is never one. */
  readonly types: readonly ReadingType[];
  /** Beside the canonical member it says something of its own, and is passed on as it came. */
  readonly keptBeside?: true;
}

const acOrDc = (canonical: string): readonly string[] =>
  [canonical, canonical.toLowerCase()].flatMap((name) =>
    ["_AC", "_DC", "_ac", "_dc"].map((suffix) => `${name}${suffix}`),
  );

const aliases: readonly Alias[] = [
  {
    canonical: "W",
    names: ["ac_W", "W_AC", "ac_w", "w_ac", "dc_W", "W_DC", "dc_w", "w_dc"],
    types: readingTypes,
    keptBeside: true,
  },
  { canonical: "Hz", names: ["freq_hz", "freq_Hz", "frequency_hz"], types: readingTypes },
  { canonical: "SoC_nom_fract", names: ["soc"], types: ["battery"] },
  { canonical: "vehicle_soc_fract", names: ["vehicle_soc"], types: ["v2x_charger"] },
  { canonical: "plug_connected", names: ["connected"], types: ["v2x_charger", "ev_charger"] },
  { canonical: "session_charge_Wh", names: ["session_wh"], types: ["v2x_charger", "ev_charger"] },
  { canonical: "temperature_C", names: ["temp_c"], types: ["battery"] },
  { canonical: "heatsink_C", names: ["temp_c"], types: ["pv", "inverter"] },
  ...[
    "total_generation_Wh",
    "total_import_Wh",
    "total_export_Wh",
    "total_charge_Wh",
    "total_discharge_Wh",
  ].map((canonical): Alias => ({ canonical, names: acOrDc(canonical), types: readingTypes })),
];

/** Lists of trackers, `[{V, A, W}]`, for which the canonical form has flat members. */
export const trackerLists = ["mppt", "mppts"] as const;

/** Other names of `timestamp`. */
export const timestampNames = ["timestamp", "ts_ms"] as const;

/** A duration beyond this is none: one dialect puts the epoch in `read_time_ms`. */
const durationMaxMs = 1e11;

/** Whether `read_time_ms` is that misuse, which goes with a timestamp in text. */
export function isMisusedReadTime(readTime: unknown, timestampAsText: boolean): boolean {
  return timestampAsText && typeof readTime === "number" && readTime > durationMaxMs;
}

/** Whether a gateway means this type of reading by `name`. */
export function namesType(name: string, type: ReadingType): boolean {
  return typeNames[type].includes(name.toLowerCase());
}

/** Whether any type of reading is called so. */
export function isTypeName(name: string): boolean {
  return readingTypes.some((type) => namesType(name, type));
}

/** Written before all others, by their own rules. */
export const headMembers: readonly string[] = ["type", "timestamp", "read_time_ms", "make"];

/** What a member of a payload becomes. */
export interface MemberRule {
  readonly canonical: string;
  readonly check: MemberCheck;
  /** Names that win over this one where they stand beside it. */
  readonly better: readonly string[];
  readonly keptBeside: boolean;
}

export type MemberRules = ReadonlyMap<string, MemberRule>;

/** Every name that a member of each type goes by; a name that is missing is passed on as it came. */
export const memberRules: Readonly<Record<ReadingType, MemberRules>> = {
  pv: rulesOf("pv"),
  battery: rulesOf("battery"),
  meter: rulesOf("meter"),
  v2x_charger: rulesOf("v2x_charger"),
  ev_charger: rulesOf("ev_charger"),
  inverter: rulesOf("inverter"),
};

function rulesOf(type: ReadingType): MemberRules {
  const rules = new Map<string, MemberRule>();
  const checks = new Map([...memberChecks(type), ...trackerChecks(type)]);
  for (const head of headMembers) checks.delete(head);
  // Names in the order in which they win; a name that stands already is another member's.
  const names = new Map([...checks.keys()].map((canonical) => [canonical, [canonical]]));
  const add = (canonical: string, name: string, keptBeside: boolean) => {
    const check = checks.get(canonical);
    const better = names.get(canonical);
    if (check === undefined || better === undefined || rules.has(name)) return;
    rules.set(name, { canonical, check, better: [...better], keptBeside });
    better.push(name);
  };
  for (const [canonical, check] of checks) {
    rules.set(canonical, { canonical, check, better: [], keptBeside: false });
  }
  for (const canonical of checks.keys()) add(canonical, canonical.toLowerCase(), false);
  for (const { canonical, names: others, types, keptBeside = false } of aliases) {
    if (!types.includes(type)) continue;
    for (const name of others) add(canonical, name, keptBeside);
  }
  return rules;
}
