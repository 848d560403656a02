import {
  type EnrichedAddress,
  enrichedSubject,
  readingSchemas,
  readingTypes,
} from "@novacore/protocol";
import type { ColumnType, Value } from "../duck/database.ts";

export interface Column {
  /** As the wire has it. */
  readonly name: string;
  readonly type: ColumnType;
}

/** Values in the order of `columns`; null: the reading does not have the member. */
export type Row = readonly Value[];

/** Where a reading stands in the stream; undefined for one that was too old for it. */
export interface StreamPosition {
  /** Creation time of the stream, epoch ms. */
  readonly epoch: number;
  readonly sequence: number;
}

const headColumns = [
  { name: "der_id", type: "VARCHAR" },
  { name: "timestamp", type: "BIGINT" },
  { name: "received_at", type: "BIGINT" },
  { name: "epoch", type: "BIGINT" },
  { name: "sequence", type: "BIGINT" },
  { name: "backfilled", type: "BOOLEAN" },
  { name: "site_id", type: "VARCHAR" },
  { name: "device_id", type: "VARCHAR" },
  { name: "der_name", type: "VARCHAR" },
  { name: "type", type: "VARCHAR" },
  { name: "make", type: "VARCHAR" },
  { name: "read_time_ms", type: "DOUBLE" },
] as const satisfies readonly Column[];

/** Trackers with columns of their own; members of further ones stand in `extra`. */
const trackersMax = 4;

/** What devices measure: the members of all six schemas, each once. */
export const memberColumns: readonly Column[] = collectMembers();

/** JSON of the members that have no column, or another type than it: kept and given back as they came. */
const extraColumn: Column = { name: "extra", type: "VARCHAR" };

/** The columns of every archive file, in this order. */
export const columns: readonly Column[] = [...headColumns, ...memberColumns, extraColumn];

const columnOf = new Map(columns.map((column, index) => [column.name, { ...column, index }]));
const extraIndex = columns.length - 1;
/** Of the archive, and no members of a reading. */
const hiddenColumns: ReadonlySet<string> = new Set(["epoch", "sequence"]);
/** What a member of a reading can go to. */
const memberColumnOf = new Map(
  [...columnOf].filter(([name, { index }]) => !hiddenColumns.has(name) && index !== extraIndex),
);

/**
 * A stored reading as a row. What it does not have is null; what has no column goes to `extra`.
 * The organization is not in it: the file's folder says it. Throws on JSON that is no object.
 */
export function toRow(
  payload: Uint8Array,
  address: EnrichedAddress,
  position: StreamPosition | undefined,
): Value[] {
  const row = new Array<Value>(columns.length).fill(null);
  spread(parseReading(payload), (index, value) => {
    row[index] = value;
  });
  row[placeColumns.der] = address.derId;
  row[placeColumns.site] = address.siteId;
  row[placeColumns.device] = address.deviceId;
  row[placeColumns.epoch] = position?.epoch ?? null;
  row[placeColumns.sequence] = position?.sequence ?? null;
  return row;
}

/** Throws on JSON that is no object. */
export function parseReading(payload: Uint8Array): Readonly<Record<string, unknown>> {
  const { buffer, byteOffset, length } = payload;
  const reading: unknown = JSON.parse(Buffer.from(buffer, byteOffset, length).toString());
  if (!isObject(reading)) throw new Error("a reading is no object");
  return reading;
}

/** Gives what a reading says to its columns: each value by the place of its column in a row. */
export function spread(
  reading: Readonly<Record<string, unknown>>,
  set: (index: number, value: string | number | boolean) => void,
): void {
  let extra: Record<string, unknown> | undefined;
  for (const name of Object.keys(reading)) {
    const value = reading[name];
    const column = memberColumnOf.get(name);
    if (column !== undefined && fits(value, column.type)) {
      set(column.index, value);
    } else if (name !== "org_id") {
      extra ??= emptyObject();
      extra[name] = value;
    }
  }
  if (extra !== undefined) set(extraIndex, JSON.stringify(extra));
}

/** The reading that a row was made from, as consumers get it; the order of members is not kept. */
export function toReading(row: Row, orgId: string): Record<string, unknown> {
  const reading = emptyObject();
  for (const [index, { name }] of columns.entries()) {
    const value = row[index];
    if (value === null || value === undefined || hiddenColumns.has(name)) continue;
    if (index === extraIndex) Object.assign(reading, JSON.parse(String(value)));
    else reading[name] = value;
  }
  reading.org_id = orgId;
  return reading;
}

/** Without a prototype, so that a member "__proto__" is one like any other. */
function emptyObject(): Record<string, unknown> {
  return Object.create(null);
}

/** The subject under which the reading of a row stood in the stream. */
export function subjectOf(row: Row, orgId: string): string {
  const text = (name: string) => String(row[columnOf.get(name)?.index ?? 0]);
  const [siteId, deviceId, derId] = [text("site_id"), text("device_id"), text("der_id")];
  return enrichedSubject({ orgId, siteId, deviceId, derId });
}

/** Place of a column in a row. Throws on a name that is none. */
export function columnIndex(name: string): number {
  const column = columnOf.get(name);
  if (column === undefined) throw new Error(`there is no column ${name}`);
  return column.index;
}

/** What the archive knows of a reading by itself. */
export const placeColumns = {
  der: columnIndex("der_id"),
  site: columnIndex("site_id"),
  device: columnIndex("device_id"),
  epoch: columnIndex("epoch"),
  sequence: columnIndex("sequence"),
} as const;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fits(value: unknown, type: ColumnType): value is string | number | boolean {
  switch (type) {
    case "DOUBLE":
      return typeof value === "number";
    case "BIGINT":
      return Number.isSafeInteger(value);
    case "VARCHAR":
      return typeof value === "string";
    case "BOOLEAN":
      return typeof value === "boolean";
  }
}

function collectMembers(): readonly Column[] {
  const found = new Map<string, Column>();
  const heads = new Set<string>(headColumns.map(({ name }) => name));
  for (const type of readingTypes) {
    for (const [name, schema] of Object.entries(readingSchemas[type].properties)) {
      if (heads.has(name) || found.has(name)) continue;
      found.set(name, { name, type: columnTypeOf(schema) });
    }
  }
  for (let tracker = 1; tracker <= trackersMax; tracker++) {
    for (const unit of ["V", "A", "W"]) {
      const name = `mppt${tracker}_${unit}`;
      found.set(name, { name, type: "DOUBLE" });
    }
  }
  return [...found.values()];
}

/** A member that is a number here and three there is a number; the three stand in `extra`. */
function columnTypeOf(schema: object): ColumnType {
  const { type } = { type: undefined, ...schema };
  if (type === "string") return "VARCHAR";
  return type === "boolean" ? "BOOLEAN" : "DOUBLE";
}
