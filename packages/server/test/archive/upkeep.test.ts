import assert from "node:assert/strict";
import { truncateSync } from "node:fs";
import { test } from "node:test";
import { mergeFiles } from "../../src/archive/merge.ts";
import { literal } from "../../src/duck/database.ts";
import { ArchiveRig, distinct, everything, plain } from "./archive-rig.ts";

const dayMs = 86_400_000;
const now = Date.now();
const today = Math.floor(now / dayMs) * dayMs;
const kinds = ["rows", "late", "cells"] as const;

test("small files of a day that goes on become one, late ones another without repeats", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  for (let i = 0; i < 8; i++) {
    await rig.publish([
      { org, der: "d-1", timestamp: today + 1_000 + i, W: i },
      { org, der: "d-1", timestamp: today, W: 100 + i },
    ]);
    await rig.archive();
  }
  const files = await rig.registry.manifest.files({ orgId: org, kinds });
  assert.deepEqual(
    files.map(({ kind, level, rows }) => [kind, level, rows]),
    [
      ["late", 1, 1],
      ["rows", 1, 8],
    ],
  );
  const late = (await rig.rows(org)).filter(({ kind }) => kind === "late");
  assert.partialDeepStrictEqual(late, [{ W: 100, sequence: 2 }]);
  await rig.archive({ aheadMs: 2 * dayMs });
  assert.deepEqual(await rig.leftovers(org), []);
});

test("a finished day becomes one file with cells, which go when readings come to it", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  const readings = [5, 3, 3, 9].map((ms, W) => ({ org, der: "d-1", timestamp: today + ms, W }));
  await rig.publish(readings);
  const aheadMs = 3 * dayMs;
  await rig.archive({ aheadMs });
  const kindsOf = async () =>
    (await rig.registry.manifest.files({ orgId: org, kinds })).map(({ kind }) => kind);
  assert.deepEqual((await kindsOf()).sort(), ["cells", "rows"]);
  assert.deepEqual((await rig.rows(org)).map(plain), distinct(readings));
  const tooLate = { org, der: "d-1", timestamp: today + 4, W: 7 };
  await rig.publish([tooLate]);
  await rig.archive();
  assert.deepEqual((await kindsOf()).sort(), ["late", "rows"]);
  await rig.archive({ aheadMs });
  assert.deepEqual((await kindsOf()).sort(), ["cells", "rows"]);
  assert.deepEqual((await rig.rows(org)).map(plain), distinct([...readings, tooLate]));
});

test("a merged day that is large is cut between DERs", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  const ders = ["d-1", "d-2", "d-3", "d-4"];
  const readings = ders.flatMap((der) =>
    Array.from({ length: 5 }, (_, i) => ({ org, der, timestamp: today + i, W: i })),
  );
  await rig.publish(readings);
  await rig.archive();
  const inputs = await rig.registry.manifest.files({ orgId: org, kinds: ["rows"] });
  const merged = await mergeFiles(
    { inputs, kind: "rows", level: 1 },
    { duck: rig.duck, folder: rig.folder, announce: async () => undefined, fileRowsMax: 12 },
  );
  assert.deepEqual(
    merged.map(({ derFirst, derLast, rows }) => [derFirst, derLast, rows]),
    [
      ["d-1", "d-2", 10],
      ["d-3", "d-4", 10],
    ],
  );
  await rig.registry.manifest.commit({
    ...{ added: merged, removed: inputs.map(({ path }) => path), positions: [] },
  });
  assert.deepEqual((await rig.rows(org)).map(plain), distinct(readings));
});

test("a query sees the same readings before, during and after a merge", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  const readings = Array.from({ length: 40 }, (_, i) => ({
    ...{ org, der: `d-${i % 3}`, timestamp: today + (i % 7) * 1_000, W: i },
  }));
  await rig.publish(readings);
  await rig.archive();
  const expected = distinct(readings).length;
  const count = async () => {
    const { files } = await rig.registry.manifest.snapshot(
      { orgId: org, kinds: ["rows", "late"] },
      () => true,
    );
    const list = files.map(({ path }) => literal(rig.folder.readable(path)));
    using duck = await rig.connectDuck();
    const { columns } = await duck.query(
      `select count(*) from (select distinct der_id, timestamp from read_parquet([${list}]))`,
    );
    return columns[0]?.[0];
  };
  const seen: unknown[] = [await count()];
  const looks: Promise<unknown>[] = [];
  await rig.archive({
    aheadMs: 0,
    onStep: (step) => void (step === "committed" && looks.push(count())),
  });
  // Everything settled: files are replaced now, and stay on the disk for queries under way.
  const steps: string[] = [];
  const other = await ArchiveRig.open(t);
  assert.ok(other);
  const upkeep = rig.archive({
    aheadMs: dayMs + 2 * 3_600_000,
    onStep(step) {
      steps.push(step);
      looks.push(count());
    },
  });
  await upkeep;
  seen.push(...(await Promise.all(looks)), await count());
  assert.ok(steps.includes("committed"));
  assert.deepEqual(new Set(seen), new Set([expected]));
});

test("days that an organization does not keep are removed, and all of a deleted one", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const [keeper, forgetter, deleted] = [
    await rig.newOrg(),
    await rig.newOrg(2),
    await rig.newOrg(),
  ];
  const readings = [keeper, forgetter, deleted].flatMap((org) =>
    [0, 1, 2, 3].map((days) => ({ org, der: "d", timestamp: today - days * dayMs + 5, W: days })),
  );
  await rig.publish(readings.toReversed());
  await rig.registry.organizations.remove(deleted);
  await rig.archive();
  const days = async (org: string) => (await rig.rows(org)).map(({ W }) => W).sort();
  assert.deepEqual(await days(keeper), [0, 1, 2, 3]);
  assert.deepEqual(await days(forgetter), [0, 1, 2]);
  assert.deepEqual(await days(deleted), []);
  await rig.archive({ aheadMs: 3_600_000 });
  assert.deepEqual(await rig.leftovers(keeper, forgetter), []);
});

test("a day whose files are damaged does not keep others from being merged", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  const [broken, whole] = [today - 20 * dayMs, today - 10 * dayMs];
  for (const ms of [1, 2]) {
    await rig.publish(
      [broken, whole].map((day) => ({ org, der: "d", timestamp: day + ms, W: ms })),
    );
    await rig.publish(
      [broken, whole].map((day) => ({ org, der: "e", timestamp: day + ms, W: ms })),
    );
    await rig.archive();
  }
  const [file] = await rig.registry.manifest.files({ orgId: org, kinds: ["rows"] });
  assert.ok(file);
  truncateSync(rig.folder.readable(file.path), 10);
  const events = await rig.archive({ aheadMs: dayMs });
  assert.equal(events.filter(({ kind }) => kind === "compaction_failed").length, 1);
  const left = await rig.registry.manifest.files({ orgId: org, kinds });
  const wholeDay = left.filter(({ timestampFirst }) => timestampFirst >= whole);
  assert.deepEqual(wholeDay.map(({ kind, level }) => [kind, level]).sort(), [
    ["cells", 0],
    ["rows", 1],
  ]);
});

test("two writers share the organizations, and a third number of them takes over", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const orgs = await Promise.all(Array.from({ length: 6 }, () => rig.newOrg()));
  const publish = async (W: number) => {
    const readings = orgs.map((org) => ({ org, der: `d-${org}`, timestamp: today + W, W }));
    await rig.publish(readings);
    const old = orgs.map((org) => ({ org, der: `d-${org}`, timestamp: today - 1e11 + W, W }));
    await rig.publish(old, "backfill");
    return [...readings, ...old];
  };
  const published = await publish(1);
  const shares = [0, 1].map((index) => ({ index, count: 2 }));
  for (const partition of shares) await rig.archive({ partition });
  published.push(...(await publish(2)));
  await rig.archive({ partition: { index: 1, count: 2 } });
  const before = await rig.rows(...orgs);
  assert.ok(before.length > 2 * orgs.length && before.length < 4 * orgs.length);
  // One alone goes on where the one of the two was that is farther back.
  await rig.archive({ aheadMs: 0, partition: everything });
  await rig.archive({ aheadMs: 2 * dayMs });
  assert.deepEqual((await rig.rows(...orgs)).map(plain), distinct(published));
  published.push(...(await publish(3)));
  for (const index of [0, 1, 2]) {
    await rig.archive({ partition: { index, count: 3 }, aheadMs: 2 * dayMs });
  }
  assert.deepEqual((await rig.rows(...orgs)).map(plain), distinct(published));
});
