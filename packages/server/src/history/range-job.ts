import type { ColumnType, Value } from "../duck/database.ts";
import type { Format } from "./formats/format.ts";
import type { PackedRows } from "./packed-rows.ts";
import type { Aggregate, Fill } from "./range-wish.ts";

/** A few rows, column by column; what a row does not have is null. */
export interface Columnar {
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
  readonly values: readonly (readonly Value[])[];
  readonly rowCount: number;
}

/** Where the readings are that a query is about, at one moment, and which of them it is about. */
export interface ReadingsSource {
  /** Files in which no reading is there twice. */
  readonly files: readonly SourceFile[];
  /** Files of readings that came late, and may be there twice. */
  readonly lateFiles: readonly SourceFile[];
  /** What is not archived yet. */
  readonly tail: PackedRows;
  /** Whether nothing in the tail can be in the files, or twice in itself. */
  readonly isTailDistinct: boolean;
  readonly filter: ReadingsFilter;
}

export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  readonly timestampFirst: number;
  readonly timestampLast: number;
}

export interface ReadingsFilter {
  readonly fromMs: number;
  /** Not part of it. */
  readonly toMs: number;
  /** Only these moments of it. */
  readonly timestampsMs?: readonly number[] | undefined;
  readonly derIds?: readonly string[] | undefined;
  readonly deviceId?: string | undefined;
  readonly siteIds?: readonly string[] | undefined;
  /** Without what came after this moment: pages after the first are of the time of the first. */
  readonly asOf?: Moment | undefined;
}

/** A moment in the life of the stream. */
export interface Moment {
  readonly epoch: number;
  /** The last sequence stored then. */
  readonly head: number;
  /** By the hub's clock: for readings that never stood in the stream. */
  readonly atMs: number;
}

/** Where a page of readings ends: they are in the order of time, and of the ids of their DERs. */
export interface PageKey {
  readonly timestampMs: number;
  readonly derId: string;
}

/** Single readings, as they were stored. */
export interface RawOutput {
  readonly kind: "raw";
  /** Undefined: whatever a reading has. */
  readonly fields: readonly string[] | undefined;
  readonly limit: number;
  readonly after: PageKey | undefined;
}

/** One row for each DER and bucket in which it sent something. */
export interface BucketsOutput {
  readonly kind: "buckets";
  readonly buckets: BucketPlan;
  readonly fields: readonly string[];
  readonly aggregates: readonly Aggregate[];
  readonly fill: Fill;
}

/** Which bucket a time is in. Buckets have a key each, which SQL computes out of the time. */
export interface BucketPlan {
  readonly widthMs: number;
  /** What local clocks are ahead of UTC, from a time on; one without changes for buckets in UTC. */
  readonly offsets: readonly { readonly sinceMs: number; readonly offsetMs: number }[];
  /** Hours are told apart by their offset: clocks show one of them twice. */
  readonly isByOffset: boolean;
  /** Undefined: a bucket's start is its key times the width. Else keys and starts, in order. */
  readonly starts: readonly (readonly [key: number, startMs: number])[] | undefined;
  readonly firstMs: number;
  /** Start of the last bucket that is filled where nothing was sent. */
  readonly lastMs: number;
}

/** The readings that a line through all of them looks most like. */
export interface LttbOutput {
  readonly kind: "lttb";
  readonly fields: readonly string[];
  readonly pointsMax: number;
}

export interface RangeJob {
  readonly orgId: string;
  readonly source: ReadingsSource;
  readonly output: RawOutput | BucketsOutput | LttbOutput;
  readonly format: Format;
  /** Members of the answer beside its rows, where the format has a place for them. */
  readonly head: Readonly<Record<string, unknown>>;
}

export interface RangeResult {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly rowCount: number;
  /** Where the next page begins; undefined: there is none. */
  readonly next: PageKey | undefined;
}
