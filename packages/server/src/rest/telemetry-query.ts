import {
  type ErrorDetail,
  NovacoreError,
  type ReadingType,
  readingSchemas,
  readingTypes,
} from "@novacore/protocol";
import { type Static, Type } from "typebox";
import { countBuckets, planBuckets, widthFor, widthNames } from "../history/range-buckets.ts";
import type { PageKey, RangeJob } from "../history/range-job.ts";
import {
  type Aggregate,
  aggregates,
  fieldNames,
  fills,
  numericFields,
  type Width,
} from "../history/range-wish.ts";
import { createZone } from "../history/zone.ts";
import { limits } from "../limits.ts";
import { closed } from "./fields.ts";
import { readTimeRange, TimeRangeQuery, untilWhen } from "./time-range.ts";

export const TelemetryQuery = Type.Object(
  {
    ...TimeRangeQuery.properties,
    to: Type.Optional(untilWhen("now, and five minutes more for clocks that are fast")),
    resolution: Type.Optional(
      Type.Enum(["auto", "raw", ...widthNames], {
        description:
          "raw: every reading. Else one row for each DER and so much time; auto: the least with max_points at most",
        default: "auto",
      }),
    ),
    fields: Type.Optional(
      Type.String({
        maxLength: 2_000,
        description: "Members, separated by commas. Default: with raw all, else all numbers",
      }),
    ),
    agg: Type.Optional(
      Type.String({
        maxLength: 100,
        description: `Out of ${aggregates.join(", ")}, separated by commas, or lttb alone. Default: mean`,
      }),
    ),
    fill: Type.Optional(
      Type.Enum(fills, {
        description: "Rows where nothing was sent: none, with null, or with the values before",
        default: "none",
      }),
    ),
    max_points: Type.Optional(
      Type.Integer({
        minimum: 3,
        maximum: limits.historyPointsMax,
        description: `Rows of one DER at most. Default: ${limits.historyPointsDefault} with auto and lttb`,
      }),
    ),
    tz: Type.Optional(
      Type.String({
        maxLength: 64,
        description: "IANA time zone of hours and days. Default: the site's",
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: limits.historyRowsMax,
        description: `Readings in a page of raw. Default: ${limits.historyRowsDefault}`,
      }),
    ),
    cursor: Type.Optional(
      Type.String({ maxLength: 256, description: "From the Link header of the page before" }),
    ),
  },
  closed,
);
export type TelemetryQuery = Static<typeof TelemetryQuery>;

/** What of a target a query has to know. */
export interface QueriedDers {
  readonly types: readonly ReadingType[];
  readonly count: number;
  /** IANA name of the site's. */
  readonly timezone: string;
}

export interface TelemetryWish {
  readonly fromMs: number;
  /** Not part of it. */
  readonly toMs: number;
  readonly timezone: string;
  /** As the answer tells it. */
  readonly resolution: Width | "raw" | "lttb";
  readonly agg: readonly string[] | undefined;
  readonly output: RangeJob["output"];
}

/** Reads a query whose members are each right; throws `validation_failed` for what is not together. */
export function readTelemetryQuery(
  query: TelemetryQuery,
  ders: QueriedDers,
  { nowMs, after }: { readonly nowMs: number; readonly after: PageKey | undefined },
): TelemetryWish {
  const timezone = readTimezone(query.tz ?? ders.timezone);
  const kind = query.resolution === "raw" ? "raw" : query.agg === "lttb" ? "lttb" : "buckets";
  assertTogether(query, kind);
  const rangeMsMax = kind === "buckets" ? limits.historyRangeMs : limits.historyRawMs;
  const range = readTimeRange(query, { nowMs, timezone, rangeMsMax });
  // A clock that runs ahead a little: what was seen live a moment ago is there.
  const toMs = query.to === undefined ? nowMs + limits.clockAheadMs : range.toMs;
  const common = { fromMs: range.fromMs, toMs, timezone };
  switch (kind) {
    case "raw": {
      const fields = query.fields === undefined ? undefined : readFields(query.fields);
      const limit = query.limit ?? limits.historyRowsDefault;
      const output = { kind, fields, limit, after } as const;
      return { ...common, resolution: "raw", agg: undefined, output };
    }
    case "lttb": {
      const fields = readFields(query.fields ?? "W").map((field) => assertNumber(field, "lttb"));
      assertColumns(fields.length, lttbFieldsMax);
      const pointsMax = query.max_points ?? limits.historyPointsDefault;
      const output = { kind, fields, pointsMax } as const;
      return { ...common, resolution: "lttb", agg: ["lttb"], output };
    }
    case "buckets":
      return { ...common, ...readBuckets(query, ders, { ...range, timezone, nowMs }) };
  }
}

const lttbFieldsMax = 8;

function readBuckets(
  query: TelemetryQuery,
  ders: QueriedDers,
  when: {
    readonly fromMs: number;
    readonly toMs: number;
    readonly timezone: string;
    readonly nowMs: number;
  },
) {
  const agg = readAggregates(query.agg ?? "mean");
  const fields = query.fields === undefined ? numbersOf(ders.types) : readFields(query.fields);
  for (const aggregate of agg) {
    if (aggregate === "first" || aggregate === "last") continue;
    for (const field of fields) assertNumber(field, aggregate);
  }
  assertColumns(fields.length * agg.length, limits.historyColumnsMax);
  const width = readWidth(query, when);
  const points = countBuckets(when.fromMs, when.toMs, width) * ders.count;
  if (points > limits.historyAnswerRowsMax) {
    const message = `${width} gives up to ${points} points of ${ders.count} DERs, more than ${limits.historyAnswerRowsMax}`;
    throw refused("/resolution", message);
  }
  const columns = fields.length * agg.length;
  if (points * columns > limits.historyAnswerCellsMax) {
    const message = `makes ${columns} columns of up to ${points} points, more than ${limits.historyAnswerCellsMax} values; name fewer, or ask for longer buckets or less time`;
    throw refused("/fields", message);
  }
  const buckets = planBuckets({ ...when, width });
  const fill = query.fill ?? "none";
  const output = { kind: "buckets", buckets, fields, aggregates: agg, fill } as const;
  return { resolution: width, agg, output };
}

function readWidth(
  { resolution = "auto", max_points: asked }: TelemetryQuery,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Width {
  const pointsMax = asked ?? (resolution === "auto" ? limits.historyPointsDefault : Infinity);
  if (resolution === "auto") {
    const width = widthFor(fromMs, toMs, pointsMax);
    if (width !== undefined) return width;
    const days = countBuckets(fromMs, toMs, "1d");
    const most = `at most ${limits.historyPointsMax}`;
    if (asked !== undefined) {
      const message = `is ${asked}, fewer than the ${days} days of the range; allow more points (${most}), or ask for less time`;
      throw refused("/max_points", message);
    }
    const message = `starts a range of ${days} days, more than the ${pointsMax} points of an answer; set max_points (${most}), or ask for less time`;
    throw refused("/from", message);
  }
  const width = widthNames.find((name) => name === resolution) ?? "1d";
  const points = countBuckets(fromMs, toMs, width);
  const most = Math.min(pointsMax, limits.historyPointsMax);
  if (points <= most) return width;
  const coarser = widthFor(fromMs, toMs, most);
  const advice = coarser === undefined ? "ask for less time" : `ask for ${coarser}, or less time`;
  throw refused("/resolution", `${width} gives ${points} points, more than ${most}; ${advice}`);
}

/** Members that mean nothing beside others are mistakes that nobody would see. */
function assertTogether(query: TelemetryQuery, kind: "raw" | "lttb" | "buckets"): void {
  const details: ErrorDetail[] = [];
  const only = (names: readonly (keyof TelemetryQuery)[], message: string) => {
    for (const name of names) {
      if (query[name] !== undefined) details.push({ path: `/${name}`, message });
    }
  };
  if (kind === "raw") only(["agg", "fill", "max_points"], "is nothing for resolution=raw");
  else only(["limit", "cursor"], "is for resolution=raw alone; other answers have no pages");
  if (kind === "lttb") {
    only(["fill"], "is nothing for agg=lttb");
    if (query.resolution !== undefined && query.resolution !== "auto") {
      details.push({
        path: "/resolution",
        message: "is nothing for agg=lttb, which has max_points",
      });
    }
  }
  const [first] = details;
  if (first === undefined) return;
  throw new NovacoreError("validation_failed", `${first.path} ${first.message}.`, { details });
}

function readFields(text: string): readonly string[] {
  const fields = [...new Set(text.split(","))].filter((name) => !alwaysThere.includes(name));
  for (const field of fields) {
    if (fieldNames.includes(field)) continue;
    const message = `holds ${JSON.stringify(field)}, which is no member that every hub knows; a gateway's own come with resolution=raw and no fields`;
    throw refused("/fields", message);
  }
  return fields;
}

const alwaysThere: readonly string[] = ["der_id", "timestamp"];

function readAggregates(text: string): readonly Aggregate[] {
  return [...new Set(text.split(","))].map((name) => {
    const known = aggregates.find((each) => each === name);
    if (known !== undefined) return known;
    const message =
      name === "lttb"
        ? "is lttb beside others; it stands alone"
        : `holds ${JSON.stringify(name)}; it takes ${aggregates.join(", ")}, or lttb alone`;
    throw refused("/agg", message);
  });
}

function assertNumber(field: string, aggregate: string): string {
  if (numericFields.has(field)) return field;
  throw refused(
    "/fields",
    `holds ${field}, of which there is no ${aggregate}; ask for first or last`,
  );
}

function assertColumns(count: number, most: number): void {
  if (count === 0) throw refused("/fields", "names nothing beside der_id and timestamp");
  if (count <= most) return;
  throw refused("/fields", `makes ${count} columns with agg, more than ${most}; name fewer`);
}

/** The numbers that DERs of these types report; where none is known, others may have been there. */
function numbersOf(known: readonly ReadingType[]): readonly string[] {
  const types = known.length === 0 ? readingTypes : known;
  const names = types.flatMap((type) => Object.keys(readingSchemas[type].properties));
  const trackers = types.includes("pv") ? fieldNames.filter((name) => /^mppt\d/.test(name)) : [];
  return [...new Set([...names, ...trackers])].filter((name) => numericFields.has(name));
}

function readTimezone(timezone: string): string {
  try {
    createZone(timezone);
    if (!/^[+-]/.test(timezone)) return timezone;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw refused("/tz", `is ${JSON.stringify(timezone)}, no IANA time zone as Europe/Stockholm is`);
}

function refused(path: string, message: string): NovacoreError {
  const details = [{ path, message }];
  return new NovacoreError("validation_failed", `${path} ${message}.`, { details });
}
