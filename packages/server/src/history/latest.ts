import { enrichedSubject, parseEnrichedSubject } from "@novacore/protocol";
import { columns as archiveColumns, toReading } from "../archive/columns.ts";
import { identifier, type Result } from "../duck/database.ts";
import { limits } from "../limits.ts";
import type { DuckThread } from "./duck-thread.ts";
import type { ReadingsSources } from "./range-source.ts";
import { newestSql, type Parameters, readingsSql, tailTable } from "./range-sql.ts";
import type { StreamSource } from "./tail.ts";

export interface LatestParts {
  readonly enriched: StreamSource;
  readonly sources: Pick<ReadingsSources, "find">;
  readonly duck: Pick<DuckThread, "select">;
  readonly now: () => number;
}

/** Where a DER stands now. */
export interface DerPlace {
  readonly orgId: string;
  readonly siteId: string;
  readonly deviceId: string;
  readonly derId: string;
}

export type StoredReading = Readonly<Record<string, unknown>>;

export interface LatestReadings {
  /** By DER; one of which nothing is known has none. */
  readonly readings: ReadonlyMap<string, StoredReading>;
  /** A live stream from here has what comes after them. */
  readonly cursor: { readonly epoch: number; readonly sequence: number };
}

/**
 * The newest reading of each DER, by its timestamp, out of the organization that it is in now and
 * from sites that may be seen. The stream tells the last that came: where that one came late, and where
 * there is none any more, the newest is looked for in the archive.
 */
export async function readLatest(
  parts: LatestParts,
  ders: readonly DerPlace[],
  seen: { readonly siteIds: readonly string[] | "all"; readonly signal?: AbortSignal },
): Promise<LatestReadings> {
  const { enriched, now } = parts;
  const { epoch, newest } = await enriched.bounds();
  const readings = await readLast(enriched, ders, newest);
  const nowMs = now();
  const found = new Set<string>();
  let toMs = nowMs + limits.clockAheadMs;
  for (const backMs of reachesMs) {
    const wanted = ders.filter(({ derId }) => {
      const last = readings.get(derId);
      // What came last and late is from the days of the stream, so that the newest is as well.
      const isLate = last?.backfilled === true && toMs > nowMs - streamMs;
      return !found.has(derId) && (last === undefined || isLate);
    });
    const fromMs = nowMs - backMs;
    const some = await findNewest(parts, { ders: wanted, fromMs, toMs, ...seen });
    for (const [derId, reading] of some) {
      readings.set(derId, reading);
      found.add(derId);
    }
    toMs = fromMs;
  }
  return { readings, cursor: { epoch, sequence: newest } };
}

const dayMs = 86_400_000;
const streamMs = limits.enrichedTelemetryAgeMs + dayMs;

/** How far back is looked, one after the other: what is found in the first is newest of all. */
const reachesMs = [dayMs / 24, dayMs, streamMs, 40 * dayMs, limits.latestBackMs];

async function readLast(
  enriched: StreamSource,
  ders: readonly DerPlace[],
  newest: number,
): Promise<Map<string, StoredReading>> {
  const readings = new Map<string, StoredReading>();
  const subjects = ders.map(enrichedSubject);
  for (let start = 0; start < subjects.length; start += limits.latestSubjectsMax) {
    const some = subjects.slice(start, start + limits.latestSubjectsMax);
    let [from, isExhausted] = [1, newest === 0];
    while (!isExhausted) {
      const batch = await enriched.readLast(some, from, newest, some.length);
      const last = batch?.messages.at(-1);
      isExhausted = last === undefined || batch?.isExhausted === true;
      from = (last?.sequence ?? newest) + 1;
      for (const { subject, payload } of batch?.messages ?? []) {
        const reading: unknown = JSON.parse(Buffer.from(payload).toString());
        const derId = parseEnrichedSubject(subject)?.derId;
        if (derId !== undefined && isObject(reading)) readings.set(derId, reading);
      }
    }
  }
  return readings;
}

const isObject = (value: unknown): value is StoredReading =>
  typeof value === "object" && value !== null;

interface NewestWish {
  readonly ders: readonly DerPlace[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly siteIds: readonly string[] | "all";
  readonly signal?: AbortSignal;
}

async function findNewest(
  { sources, duck }: LatestParts,
  { ders, fromMs, toMs, siteIds, signal }: NewestWish,
): Promise<Map<string, StoredReading>> {
  const found = new Map<string, StoredReading>();
  for (const [orgId, inOrg] of Map.groupBy(ders, (der) => der.orgId)) {
    const derIds = inOrg.map(({ derId }) => derId);
    const ofSites = siteIds === "all" ? {} : { siteIds };
    const filter = { fromMs, toMs, derIds, ...ofSites };
    const { source } = await sources.find({ orgId, filter, signal });
    if (source.files.length + source.lateFiles.length + source.tail.rowCount === 0) continue;
    const tables = [{ name: tailTable, rows: source.tail }];
    const select = (sql: string, { values }: Parameters) =>
      duck.select({ sql, parameters: values, tables }, signal);
    const newest = newestSql(source);
    const times = toTimes(await select(newest.text, newest.parameters));
    if (times.size === 0) continue;
    // All else is read of those moments alone.
    const exactly = { ...source, filter: { ...source.filter, ...momentsOf(times) } };
    const { text, parameters } = readingsSql(exactly, names);
    const rows = await select(`${text} select ${list} from readings`, parameters);
    for (let at = 0; at < rows.rowCount; at++) {
      const reading = toReading(
        rows.columns.map((column) => column[at] ?? null),
        orgId,
      );
      const derId = String(reading.der_id);
      if (reading.timestamp === times.get(derId)) found.set(derId, reading);
    }
  }
  return found;
}

const names = archiveColumns.map(({ name }) => name);
const list = names.map(identifier).join(", ");

function toTimes({ columns: [derIds, times], rowCount }: Result): ReadonlyMap<string, number> {
  const rows = Array.from({ length: rowCount }, (_, at) => at);
  return new Map(rows.map((at) => [String(derIds?.[at]), Number(times?.[at])]));
}

function momentsOf(times: ReadonlyMap<string, number>) {
  const timestampsMs = [...new Set(times.values())];
  const ends = { fromMs: Math.min(...timestampsMs), toMs: Math.max(...timestampsMs) + 1 };
  return { ...ends, timestampsMs };
}
