import type { ReadingType } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { JsonObject } from "./decode.ts";
import { isJsonObject } from "./decode.ts";
import {
  headMembers,
  isMisusedReadTime,
  isTypeName,
  type MemberRules,
  memberRules,
  namesType,
  timestampNames,
  trackerLists,
} from "./dialects.ts";
import { encodeUnknown } from "./foreign-value.ts";
import { memberChecks, trackersMax } from "./member-checks.ts";
import { Refusal, refuse, shown } from "./refusal.ts";
import { type GatewayTime, readTime } from "./timestamp.ts";

/** A reading in canonical form. */
export interface CanonicalReading {
  readonly timestampMs: number;
  /**
   * Its JSON without the closing brace: `{"type":"pv","timestamp":…,"read_time_ms":…,"make":…,`
   * then the other members. Written directly, since an object would put members with numbers for
   * names before `type`, which readers of the stream rely on being first.
   */
  readonly json: string;
}

export interface NormaliseOptions {
  /** The DER's type of reading, which decides. */
  readonly type: ReadingType;
  /** The gateway signs a battery's W the other way round (its A it does not). */
  readonly negatedBattery: boolean;
}

/** Translates, checks and orders the members of a reading. Never throws on what it is given. */
export function normalise(
  reading: JsonObject,
  options: NormaliseOptions,
): CanonicalReading | Refusal {
  const names = Object.keys(reading);
  if (names.length > limits.readingMembersMax) {
    const most = limits.readingMembersMax;
    return refuse("reading_invalid", `The reading has ${names.length} members, more than ${most}.`);
  }
  const mismatch = checkType(reading.type, options.type);
  if (mismatch !== undefined) return mismatch;
  const time = timeOf(reading);
  if (time instanceof Refusal) return time;
  const head = headJson(reading, options.type, time);
  if (typeof head !== "string") return head;

  const rules = memberRules[options.type];
  let json = head;
  for (const name of names) {
    const value = reading[name];
    // Null means "not reported", and so does the member's absence.
    if (value === null || skipped.has(name)) continue;
    const rule = rules.get(name);
    const beaten = rule?.better.some((better) => stands(reading, better)) ?? false;
    if (rule === undefined || (beaten && rule.keptBeside)) {
      const member = isTrackerList(name, rules)
        ? trackersJson(reading, name, rules)
        : foreignJson(name, value);
      if (typeof member !== "string") return member;
      json += member;
      continue;
    }
    if (beaten) continue;
    const negated = options.negatedBattery && rule.canonical === "W" && typeof value === "number";
    const member = rule.check(negated ? -value : value, name);
    if (typeof member !== "string") return member;
    json += `,"${rule.canonical}":${member}`;
  }
  return { timestampMs: time.ms, json };
}

/** Written elsewhere: before the others, or by the hub alone, whatever a payload claims. */
const skipped: ReadonlySet<string> = new Set([
  ...headMembers,
  ...timestampNames,
  "org_id",
  "site_id",
  "device_id",
  "der_id",
  "der_name",
  "received_at",
  "backfilled",
]);

function stands(reading: JsonObject, name: string): boolean {
  return Object.hasOwn(reading, name) && reading[name] !== null;
}

/** A reading without `type` is of its DER's type: the subject says which DER. */
function checkType(type: unknown, expected: ReadingType): Refusal | undefined {
  if (type === undefined || type === null || type === expected) return undefined;
  if (typeof type !== "string") {
    return refuse("reading_invalid", `type is ${shown(type)}; it has to be text.`, "type");
  }
  if (namesType(type, expected)) return undefined;
  if (!isTypeName(type)) {
    return refuse("type_unknown", `There is no type of reading called ${shown(type)}.`, "type");
  }
  const message = `type is ${shown(type)}, but the DER is provisioned for ${expected} readings.`;
  return refuse("reading_type_mismatch", message, "type");
}

function timeOf(reading: JsonObject): GatewayTime | Refusal {
  const name = timestampNames.find((each) => stands(reading, each));
  if (name === undefined) return refuse("timestamp_missing", "The reading has no timestamp.");
  const time = readTime(reading[name]);
  if (time !== undefined) {
    const checked = headChecks.meter.get("timestamp")?.(time.ms, name);
    return checked instanceof Refusal ? checked : time;
  }
  const why = `${name} is ${shown(reading[name])}, neither epoch milliseconds nor RFC 3339.`;
  return refuse("timestamp_missing", why, name);
}

function headJson(reading: JsonObject, type: ReadingType, time: GatewayTime): string | Refusal {
  const checks = headChecks[type];
  let json = `{"type":"${type}","timestamp":${time.ms}`;
  for (const name of ["read_time_ms", "make"]) {
    const value = reading[name];
    if (!stands(reading, name)) continue;
    if (name === "read_time_ms" && isMisusedReadTime(value, time.asText)) continue;
    const member = checks.get(name)?.(value, name);
    if (member === undefined) continue;
    if (typeof member !== "string") return member;
    json += `,"${name}":${member}`;
  }
  return json;
}

const headChecks = {
  pv: memberChecks("pv"),
  battery: memberChecks("battery"),
  meter: memberChecks("meter"),
  v2x_charger: memberChecks("v2x_charger"),
  ev_charger: memberChecks("ev_charger"),
  inverter: memberChecks("inverter"),
} as const satisfies Record<ReadingType, unknown>;

/** A member outside the schema: kept and passed on, within bounds. */
function foreignJson(name: string, value: unknown): string | Refusal {
  const json = encodeUnknown(value, name);
  return typeof json === "string" ? `,${JSON.stringify(name)}:${json}` : json;
}

/** Only where the type has trackers at all. */
function isTrackerList(name: string, rules: MemberRules): boolean {
  return trackerLists.some((list) => list === name) && rules.has("mppt1_V");
}

/** `[{V, A}, …]` as mppt1_V, mppt1_A, mppt2_V …; members of a tracker we do not know go along. */
function trackersJson(reading: JsonObject, list: string, rules: MemberRules): string | Refusal {
  const first = trackerLists.find((each) => stands(reading, each));
  if (list !== first) return "";
  const trackers = reading[list];
  if (!Array.isArray(trackers) || trackers.length > trackersMax) {
    const why = `${list} is ${shown(trackers)}; it has to be a list of at most ${trackersMax}.`;
    return refuse("reading_invalid", why, list);
  }
  let json = "";
  for (const [index, tracker] of trackers.entries()) {
    if (tracker === null) continue;
    if (!isJsonObject(tracker)) {
      return refuse("reading_invalid", `${list} holds ${shown(tracker)}, no object.`, list);
    }
    for (const [key, value] of Object.entries(tracker)) {
      const name = `mppt${index + 1}_${key}`;
      const rule = rules.get(name);
      const flat = rule?.canonical ?? name;
      const upper = key !== key.toUpperCase() && stands(tracker, key.toUpperCase());
      const taken = stands(reading, flat) || stands(reading, flat.toLowerCase());
      if (value === null || taken || (rule !== undefined && upper)) continue;
      const member = rule === undefined ? encodeUnknown(value, list) : rule.check(value, list);
      if (typeof member !== "string") return member;
      json += `,${JSON.stringify(flat)}:${member}`;
    }
  }
  return json;
}
