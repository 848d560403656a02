import type { EnrichedReading } from "@novacore/protocol";
import type { LatestTelemetry, SiteEnergy, Telemetry } from "./openapi.ts";
import type { PageOptions, RequestOptions, Rest } from "./rest.ts";

/** A Date, epoch milliseconds, ISO-8601; a date alone is the start of that day at the site. */
export type Time = Date | number | string;

/** A stretch of time. */
export interface RangeOptions {
  readonly from: Time;
  /** Not part of it. Default: now. */
  readonly to?: Time | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What of a stretch of time is wanted, and how coarse. */
export interface HistoryOptions extends RangeOptions {
  /** Default: `auto`, the least with `maxPoints` at most. */
  readonly resolution?:
    | ("auto" | "1s" | "10s" | "1m" | "5m" | "15m" | "1h" | "6h" | "1d")
    // The hub has more between them.
    | (string & {})
    | undefined;
  /** Members of readings, as `W`. Default: all numbers. */
  readonly fields?: readonly string[] | undefined;
  /** Default: `mean`. `lttb` stands alone: the readings that a chart needs. */
  readonly agg?: readonly ("mean" | "min" | "max" | "first" | "last" | "lttb")[] | undefined;
  /** Rows where nothing was sent. Default: `none`. */
  readonly fill?: "none" | "null" | "previous" | undefined;
  /** Rows of one DER at most. */
  readonly maxPoints?: number | undefined;
  /** IANA name, for hours and days. Default: the site's. */
  readonly tz?: string | undefined;
}

/** Aggregates of readings, in the order of time. A stream with its `cursor` goes on right after them. */
export interface History extends Omit<Telemetry, "data"> {
  readonly data: readonly HistoryRow[];
}

/** One DER in one bucket. With several aggregates, columns are as `W_mean`. */
export interface HistoryRow {
  readonly der_id: string;
  /** Start of the bucket, epoch ms. */
  readonly timestamp: number;
  /** Readings in it. */
  readonly n?: number;
  readonly [column: string]: string | number | boolean | null | undefined;
}

/** A stretch of time, and how long the periods in it are. */
export interface EnergyOptions extends RangeOptions {
  /** Days and months are the site's. Default: `1d`. */
  readonly resolution?: "15m" | "1h" | "1d" | "1mo" | undefined;
}

/** How a DER does, and its newest reading. */
export type LatestReading = LatestTelemetry["data"][number];

/** The forms besides JSON in which rows can be had. */
export type HistoryFormat = "csv" | "ndjson" | "parquet" | "arrow";

const mediaTypes: Readonly<Record<HistoryFormat, string>> = {
  csv: "text/csv",
  ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
  arrow: "application/vnd.apache.arrow.stream",
};

/** The past of a site, device or DER. */
export interface PastSource {
  /** Aggregates over time. */
  history(options: HistoryOptions): Promise<History>;
  /** The same in another form; the body is not read yet. */
  historyAs(format: HistoryFormat, options: HistoryOptions): Promise<Response>;
  /** Single readings as they were stored, in the order of time, asked for page by page. */
  pastReadings(options: RangeOptions & PageOptions): AsyncGenerator<EnrichedReading, void>;
}

/** `path` is that of the site, device or DER. */
export function pastSource(rest: Rest, path: string): PastSource {
  const url = `${path}/telemetry`;
  return {
    history: (options) => rest.request("GET", url, requestOf(options)),
    historyAs: (format, options) =>
      rest.fetch("GET", url, { ...requestOf(options), accept: mediaTypes[format] }),
    pastReadings({ from, to, ...page }) {
      const query = { from: timeText(from), to: timeText(to), resolution: "raw" };
      return rest.pages(url, query, page, (body: { data: EnrichedReading[] }) => body.data);
    },
  };
}

function requestOf({ from, to, fields, agg, maxPoints, signal, ...others }: HistoryOptions) {
  const range = { from: timeText(from), to: timeText(to) };
  const lists = { fields: fields?.join(","), agg: agg?.join(",") };
  return { query: { ...others, ...range, ...lists, max_points: maxPoints }, signal };
}

export function energyOf(
  rest: Rest,
  path: string,
  { from, to, resolution, signal }: EnergyOptions,
): Promise<SiteEnergy> {
  const query = { from: timeText(from), to: timeText(to), resolution };
  return rest.request("GET", `${path}/energy`, { query, signal });
}

export function latestOf(
  rest: Rest,
  query: NonNullable<RequestOptions["query"]>,
  options?: PageOptions,
): AsyncGenerator<LatestReading, void> {
  return rest.pages("telemetry/latest", query, options, (body: LatestTelemetry) => body.data);
}

function timeText(time: Time | undefined): string | undefined {
  return time instanceof Date ? String(time.getTime()) : time?.toString();
}
