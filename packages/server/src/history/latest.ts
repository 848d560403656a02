import { enrichedSubject, parseEnrichedSubject } from "@novacore/protocol";
import { columns as archiveColumns, toReading } from "../archive/columns.ts";
import { identifier } from "../duck/database.ts";
import { limits } from "../limits.ts";
import type { DuckThread } from "./duck-thread.ts";
import type { ReadingsSources } from "./range-source.ts";
import { readingsSql, tailTable } from "./range-sql.ts";
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
  const late = [...readings].flatMap(([id, { backfilled }]) => (backfilled === true ? [id] : []));
  const nowMs = now();
  const streamMs = limits.enrichedTelemetryAgeMs + dayMs;
  const find = (derIds: ReadonlySet<string>, fromMs: number, toMs: number) =>
    findNewest(parts, {
      ders: ders.filter(({ derId }) => derIds.has(derId)),
      ...{ fromMs, toMs, ...seen },
    });
  const recent = await find(new Set(late), nowMs - streamMs, nowMs + limits.clockAheadMs);
  for (const [derId, reading] of recent) readings.set(derId, reading);
  let toMs = nowMs + limits.clockAheadMs;
  for (const backMs of [streamMs, 40 * dayMs, limits.latestBackMs]) {
    const missing = ders.map(({ derId }) => derId).filter((derId) => !readings.has(derId));
    const older = await find(new Set(missing), nowMs - backMs, toMs);
    for (const [derId, reading] of older) readings.set(derId, reading);
    toMs = nowMs - backMs;
  }
  return { readings, cursor: { epoch, sequence: newest } };
}

const dayMs = 86_400_000;

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
    const { text, parameters } = readingsSql(
      source,
      archiveColumns.map(({ name }) => name),
    );
    const list = archiveColumns.map(({ name }) => identifier(name)).join(", ");
    const sql = `${text}, newest as (select der_id, max(timestamp) as timestamp from readings group by der_id)
      select ${list} from readings join newest using (der_id, timestamp)`;
    const tables = [{ name: tailTable, rows: source.tail }];
    const rows = await duck.select({ sql, parameters: parameters.values, tables }, signal);
    for (let at = 0; at < rows.rowCount; at++) {
      const row = rows.columns.map((column) => column[at] ?? null);
      const reading = toReading(row, orgId);
      found.set(String(reading.der_id), reading);
    }
  }
  return found;
}
