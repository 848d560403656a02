import assert from "node:assert/strict";
import { it } from "node:test";
import { startS3 } from "../../../../test/support/s3-server.ts";
import { onBothDatabases } from "../registry/both-databases.ts";
import { ArchiveRig, distinct, keyOf, type Published, plain } from "./archive-rig.ts";

const dayMs = 86_400_000;
const noon = Date.parse("2026-06-01T12:00:00Z");

/** Every step takes three minutes: NOVACORE_TEST_SOAK=1. */
const stride = process.env.NOVACORE_TEST_SOAK === undefined ? 3 : 1;

onBothDatabases("an archive that is killed at its steps", (db) => {
  it("has each reading once in the end, and no file too many", async (t) => {
    const rig = await ArchiveRig.open(t, await db.newDatabase());
    // What a database does differently are single statements, which the steps repeat again and again.
    if (rig !== undefined) await killAtSteps(rig, db.databaseUrl === undefined ? stride : 11);
  });
});

it("an archive in a bucket that is killed at some steps has each reading once in the end", async (t) => {
  const server = await startS3(t);
  if (server === undefined) return t.skip("versitygw, an S3 server, is not installed");
  const rig = await ArchiveRig.open(t, undefined, server.bucket());
  if (rig !== undefined) await killAtSteps(rig, 11);
});

async function killAtSteps(rig: ArchiveRig, stride: number): Promise<void> {
  const keeper = await rig.newOrg();
  const forgetter = await rig.newOrg(5);
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  const published: Published[] = [];
  /** New, late, repeated and old readings of two organizations, one of which keeps five days. */
  const publish = async (round: number) => {
    const W = published.length;
    const main = [
      { org: keeper, der: "d-1", timestamp: noon + round * 1_000, W },
      { org: keeper, der: "d-1", timestamp: noon + round * 1_000 - 500, W: W + 1 },
      { org: keeper, der: "d-1", timestamp: noon + round * 1_000, W: W + 2 },
      { org: forgetter, der: "d-2", timestamp: today + round * 1_000, W: W + 3 },
      { org: forgetter, der: "d-2", timestamp: noon + round, W: W + 4 },
    ];
    const backfill = [
      { org: keeper, der: "d-1", timestamp: noon - 400 * dayMs + round, W: W + 5 },
      { org: keeper, der: "d-1", timestamp: noon - 400 * dayMs + round, W: W + 6 },
      { org: keeper, der: "d-1", timestamp: noon + round * 1_000, W: W + 7 },
    ];
    await rig.publish(main);
    await rig.publish(backfill, "backfill");
    published.push(...main, ...backfill);
  };
  // Then every day is over and quiet, and what was replaced may go.
  const aheadMs = 2 * dayMs;
  let killAfter = 1;
  for (; ; killAfter += stride) {
    await publish(killAfter);
    const steps = await rig.round({ killAfter, aheadMs });
    await assertPartOf(rig, published, keeper, forgetter);
    if (steps !== undefined) break;
  }
  assert.ok(killAfter > 50, `only ${killAfter} steps`);
  // What the last rounds replaced stays for a while, and what a crash left as long.
  await rig.round({ aheadMs });

  const isKept = ({ org, timestamp }: Published) =>
    org === keeper || timestamp >= today + aheadMs - 5 * dayMs;
  const rows = await rig.rows(keeper, forgetter);
  assert.deepEqual(rows.map(plain), distinct(published).filter(isKept));
  assert.deepEqual(await rig.leftovers(keeper, forgetter), []);
  assert.deepEqual(await rig.registry.manifest.garbage(new Date(Date.now() + 1e9)), []);
}

/** Nothing that was not published, and nothing twice but what was published twice. */
async function assertPartOf(
  rig: ArchiveRig,
  published: readonly Published[],
  ...orgs: readonly string[]
): Promise<void> {
  await rig.leftovers(...orgs);
  const left = new Map<string, number>();
  for (const reading of published) left.set(nameOf(reading), (left.get(nameOf(reading)) ?? 0) + 1);
  const onTime = new Set<string>();
  for (const row of await rig.rows(...orgs)) {
    const count = left.get(nameOf(row)) ?? 0;
    assert.ok(count > 0, `${nameOf(row)} is archived more often than it was published`);
    left.set(nameOf(row), count - 1);
    if (row.kind !== "rows") continue;
    assert.ok(!onTime.has(keyOf(row)), `${keyOf(row)} is there twice among those on time`);
    onTime.add(keyOf(row));
  }
}

const nameOf = (reading: Published) => `${keyOf(reading)} ${reading.W}`;
