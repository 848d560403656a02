import assert from "node:assert/strict";
import { test } from "node:test";
import { jetstreamManager } from "@nats-io/jetstream";
import type { ArchiveEvent } from "../../src/archive/report.ts";
import { ArchiveRig, distinct, plain } from "./archive-rig.ts";

const noon = Date.parse("2026-06-01T12:00:00Z");
const hourMs = 3_600_000;
const stream = "ENRICHED_TELEMETRY";

const warnings = (events: readonly ArchiveEvent[]) =>
  events.flatMap((event) => (event.kind === "log" && event.level !== "info" ? [event.fields] : []));

test("readings are archived by organization and day, those that come late apart", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const [a, b] = [await rig.newOrg(), await rig.newOrg()];
  const readings = [
    { org: a, der: "d-1", timestamp: noon, W: 1 },
    { org: b, der: "d-2", timestamp: noon, W: 2 },
    { org: a, der: "d-1", timestamp: noon + 13 * hourMs, W: 3 },
    { org: a, der: "d-3", timestamp: noon + hourMs, W: 4 },
    { org: a, der: "d-1", timestamp: noon + hourMs, W: 5 },
    { org: a, der: "d-1", timestamp: noon, W: 6 },
  ];
  await rig.publish(readings);
  assert.deepEqual(warnings(await rig.archive()), []);
  const files = await rig.registry.manifest.files({ orgId: a, kinds: ["rows", "late", "cells"] });
  assert.deepEqual(
    files.map(({ day, kind, rows, sequences }) => [
      ...[day, kind, rows, sequences?.first, sequences?.last],
    ]),
    [
      ["2026-06-01", "late", 2, 5, 6],
      ["2026-06-01", "rows", 2, 1, 4],
      ["2026-06-02", "rows", 1, 3, 3],
    ],
  );
  const rows = await rig.rows(a, b);
  assert.equal(rows.length, readings.length);
  const inOrder = rows.toSorted((x, y) => (x.sequence ?? 0) - (y.sequence ?? 0));
  assert.deepEqual(distinct(inOrder).map(plain), distinct(readings));
  assert.deepEqual(await rig.leftovers(a, b), []);
});

test("a second start goes on where the first ended, and takes what may be old as late", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  const at = (ms: number, der = "d-1") => ({ org, der, timestamp: noon + ms, W: ms });
  await rig.publish([at(0), at(1_000)]);
  await rig.archive();
  await rig.publish([at(1_000, "d-2"), at(2_000), at(500), at(3_000, "d-2")]);
  await rig.archive();
  await rig.archive();
  const rows = await rig.rows(org);
  assert.deepEqual(
    rows.map(({ der, W, kind, sequence }) => [der, W, kind, sequence]),
    [
      ["d-1", 0, "rows", 1],
      ["d-1", 500, "late", 5],
      ["d-1", 1_000, "rows", 2],
      ["d-1", 2_000, "rows", 4],
      ["d-2", 1_000, "late", 3],
      ["d-2", 3_000, "rows", 6],
    ],
  );
});

test("what is no reading is counted and left out, the rest archived", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  const subject = `orgs.${org}.sites.s.devices.d.ders.x.telemetry.json.v1`;
  for (const payload of ["{", "7", "[]", '{"timestamp":"now"}', '{"timestamp":-1}', '{"W":1}']) {
    await rig.publishRaw(subject, payload);
  }
  await rig.publishRaw("orgs.a/b.sites.s.devices.d.ders.x.telemetry.json.v1", '{"timestamp":1}');
  await rig.publish([{ org, der: "d-1", timestamp: noon, W: 1 }]);
  const events = await rig.archive();
  assert.equal(events.filter(({ kind }) => kind === "unreadable").length, 7);
  assert.partialDeepStrictEqual(warnings(events), [{ event: "archive_unreadable", sequence: 1 }]);
  assert.equal((await rig.rows(org)).length, 1);
  assert.deepEqual(warnings(await rig.archive()), []);
});

test("a gap in the stream is said with both ends, and passed", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  const at = (ms: number) => ({ org, der: "d-1", timestamp: noon + ms, W: ms });
  await rig.publish([at(0), at(1), at(2)]);
  await rig.archive();
  await rig.publish([at(3), at(4), at(5)]);
  await rig.expireBefore(6);
  const events = await rig.archive();
  assert.partialDeepStrictEqual(warnings(events), [
    { event: "archive_gap", stream, archivedUpTo: 3, oldest: 6, lost: 2 },
  ]);
  assert.ok(events.some((event) => event.kind === "lost" && event.readings === 2));
  assert.deepEqual(
    (await rig.rows(org)).map(({ W }) => W),
    [0, 1, 2, 5],
  );
});

test("a stream that was made anew is archived from its first reading", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  const at = (ms: number) => ({ org, der: "d-1", timestamp: noon + ms, W: ms });
  await rig.publish([at(0), at(1), at(2)]);
  await rig.archive();
  await rig.recreateStream();
  await rig.publish([at(2), at(3)]);
  assert.partialDeepStrictEqual(warnings(await rig.archive()), [{ event: "archive_new_epoch" }]);
  const rows = await rig.rows(org);
  assert.deepEqual(
    rows.map(({ W, kind }) => [W, kind]),
    [
      [0, "rows"],
      [1, "rows"],
      [2, "late"],
      [2, "rows"],
      [3, "rows"],
    ],
  );
});

test("a stream that ends before what is archived is read anew, without doubling anything", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  const at = (ms: number) => ({ org, der: "d-1", timestamp: noon + ms, W: ms });
  await rig.publish([at(0), at(1)]);
  await rig.archive();
  const [position] = await rig.registry.manifest.positionsOf(stream);
  assert.ok(position);
  const restored = { ...position, sequence: 1_000 };
  await rig.registry.manifest.commit({ added: [], removed: [], positions: [restored] });
  await rig.publish([at(2)]);
  const events = await rig.archive({ aheadMs: 1e12 });
  assert.partialDeepStrictEqual(warnings(events), [
    { event: "archive_stream_restored", archivedUpTo: 1_000, newest: 3 },
  ]);
  assert.deepEqual(
    (await rig.rows(org)).map(({ W, sequence }) => [W, sequence]),
    [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
  );
});

test("readings too old for the stream are archived as late, and leave theirs", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  await rig.publish([{ org, der: "d-1", timestamp: noon - 1e11, W: 1 }], "backfill");
  await rig.archive();
  const rows = await rig.rows(org);
  assert.partialDeepStrictEqual(rows, [{ kind: "late", sequence: null, W: 1 }]);
  const manager = await jetstreamManager(rig.hub);
  const { state } = await manager.streams.info("BACKFILL_TELEMETRY");
  assert.deepEqual([state.messages, state.last_seq], [0, 1]);
  await rig.archive();
  assert.equal((await rig.rows(org)).length, 1);
});
