import type { Kysely, Transaction } from "kysely";
import type { ArchiveFile } from "./manifest.ts";
import { readFiles, readPositions } from "./manifest-queries.ts";
import type { Tables } from "./tables.ts";

/** From where on nothing of a stream is missing in the archive's files, up to its position. */
export interface ArchiveReach {
  readonly stream: string;
  readonly part: number;
  readonly epoch: number;
  /** What comes right after it is in the files. */
  readonly after: number;
}

/** Days of which an organization's readings were removed. */
export interface ExpiredDays {
  readonly orgId: string;
  /** The first day that is kept; undefined: none is. */
  readonly before: string | undefined;
}

export interface SequenceQuery {
  readonly orgId: string;
  readonly stream: string;
  readonly epoch: number;
  readonly after: number;
}

/** What the archive holds of a stream at one moment. */
export interface SequenceSnapshot {
  /** Those that may hold readings after the position. */
  readonly files: readonly ArchiveFile[];
  /** Between them nothing was ever left out; undefined: there is nothing of that epoch. */
  readonly whole: { readonly after: number; readonly upTo: number } | undefined;
  /** The first day that the organization keeps; undefined: it never removed any. */
  readonly expiredBefore: string | undefined;
}

/** Whether an organization's readings are archived by this part of the writers. */
export type IsOwnPart = (part: number) => boolean;

export async function readSequences(
  db: Kysely<Tables>,
  { orgId, stream, epoch, after }: SequenceQuery,
  isOwn: IsOwnPart,
): Promise<SequenceSnapshot> {
  return db
    .transaction()
    .setIsolationLevel("repeatable read")
    .execute(async (trx) => {
      const positions = await readPositions(trx, stream);
      const position = positions.find((each) => each.epoch === epoch && isOwn(each.part));
      const reach = position && (await readReach(trx, stream, position.part));
      const kinds = ["rows", "late"] as const;
      return {
        files: await readFiles(trx, { orgId, kinds, after: { epoch, sequence: after } }),
        whole:
          reach?.epoch === epoch && position !== undefined
            ? { after: reach.after, upTo: position.sequence }
            : undefined,
        expiredBefore: await readExpired(trx, orgId),
      };
    });
}

export async function setReach(
  trx: Transaction<Tables>,
  { stream, part, epoch, after }: ArchiveReach,
): Promise<void> {
  await trx
    .insertInto("archive_reach")
    .values({ stream, part, epoch, after_sequence: after })
    .onConflict((conflict) =>
      conflict.columns(["stream", "part"]).doUpdateSet({ epoch, after_sequence: after }),
    )
    .execute();
}

/** Other parts have other organizations: what may be missing in one part counts for all. */
export async function shareReach(
  trx: Transaction<Tables>,
  stream: string,
  epoch: number,
  parts: readonly number[],
): Promise<void> {
  const old = await trx
    .deleteFrom("archive_reach")
    .where("stream", "=", stream)
    .returningAll()
    .execute();
  const ofEpoch = old.filter((row) => Number(row.epoch) === epoch);
  if (ofEpoch.length === 0) return;
  const after = Math.max(...ofEpoch.map((row) => Number(row.after_sequence)));
  for (const part of parts) await setReach(trx, { stream, part, epoch, after });
}

async function readReach(
  db: Kysely<Tables>,
  stream: string,
  part: number,
): Promise<ArchiveReach | undefined> {
  const row = await db
    .selectFrom("archive_reach")
    .selectAll()
    .where("stream", "=", stream)
    .where("part", "=", part)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { stream, part, epoch: Number(row.epoch), after: Number(row.after_sequence) };
}

/** An organization may keep its readings for longer later on: what was removed stays so. */
export async function noteExpired(
  trx: Transaction<Tables>,
  { orgId, before }: ExpiredDays,
): Promise<void> {
  const known = await readExpired(trx, orgId);
  if (before === undefined) {
    await trx.deleteFrom("archive_expired").where("org_id", "=", orgId).execute();
  } else if (known === undefined || known < before) {
    await trx
      .insertInto("archive_expired")
      .values({ org_id: orgId, before_day: before })
      .onConflict((conflict) => conflict.column("org_id").doUpdateSet({ before_day: before }))
      .execute();
  }
}

/** The first day of an organization of which nothing was removed; undefined: nothing ever was. */
async function readExpired(db: Kysely<Tables>, orgId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom("archive_expired")
    .select("before_day")
    .where("org_id", "=", orgId)
    .executeTakeFirst();
  return row?.before_day;
}
