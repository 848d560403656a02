import { memberColumns } from "../archive/columns.ts";

export const aggregates = ["mean", "min", "max", "first", "last"] as const;
export type Aggregate = (typeof aggregates)[number];

export const fills = ["none", "null", "previous"] as const;
export type Fill = (typeof fills)[number];

/** Widths of buckets, the finest first. */
export const widths = {
  "1s": 1_000,
  "2s": 2_000,
  "5s": 5_000,
  "10s": 10_000,
  "15s": 15_000,
  "30s": 30_000,
  "1m": 60_000,
  "2m": 120_000,
  "5m": 300_000,
  "10m": 600_000,
  "15m": 900_000,
  "30m": 1_800_000,
  "1h": 3_600_000,
  "2h": 7_200_000,
  "3h": 10_800_000,
  "6h": 21_600_000,
  "12h": 43_200_000,
  "1d": 86_400_000,
} as const;
export type Width = keyof typeof widths;

/** Columns of the archive beside what devices measure that can be asked for. */
const headFields = [
  ...["received_at", "backfilled", "site_id", "device_id", "der_name", "type", "make"],
  "read_time_ms",
] as const;

/** Everything that can be asked for by name; der_id and timestamp are always there. */
export const fieldNames: readonly string[] = [
  ...headFields,
  ...memberColumns.map(({ name }) => name),
];

/** What has a mean: numbers that devices measure. */
export const numericFields: ReadonlySet<string> = new Set([
  "read_time_ms",
  ...memberColumns.filter(({ type }) => type === "DOUBLE").map(({ name }) => name),
]);
