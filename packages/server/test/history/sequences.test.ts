import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { enrichedSubject } from "@novacore/protocol";
import { isPartOf } from "../../src/archive/partition.ts";
import { DuckThread } from "../../src/history/duck-thread.ts";
import { SequenceQueries, type SequenceWish } from "../../src/history/sequence-query.ts";
import { ArchiveRig } from "../archive/archive-rig.ts";

const stream = "ENRICHED_TELEMETRY";
const dayMs = 86_400_000;
const today = Math.floor(Date.now() / dayMs) * dayMs;
const end = Number.MAX_SAFE_INTEGER;

interface Place {
  readonly org: string;
  readonly site?: string;
  readonly der?: string;
}

interface Readable {
  readonly rig: ArchiveRig;
  readonly queries: SequenceQueries;
  readonly duck: DuckThread;
  /** Stores a reading that arrived a second after it was measured; its number is its position. */
  publish(place: Place, timestamp: number, members?: object): Promise<void>;
  wish(sites: readonly Place[], members?: Partial<SequenceWish>): Promise<SequenceWish>;
  /** Everything that comes after a position, in pages of so many. */
  readAll(wish: SequenceWish, pageMax?: number): Promise<number[]>;
}

async function open(t: TestContext): Promise<Readable | undefined> {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return undefined;
  const folder = rig.folder.root;
  const tempDir = join(folder, "temp", "queries");
  const duck = new DuckThread({
    duck: {
      ...{ memoryBytesMax: 256 * 1024 ** 2, threads: 1, folders: [folder], tempDir },
      tempBytesMax: 1024 ** 3,
    },
    log: { error: (object, message) => console.error(message, object) },
  });
  t.after(() => duck.close());
  const queries = new SequenceQueries({
    folder,
    duck,
    snapshot: (orgId, epoch, after) =>
      rig.registry.manifest.sequences({ orgId, stream, epoch, after }, (part) =>
        isPartOf(part, orgId),
      ),
  });
  return {
    ...{ rig, queries, duck },
    async publish({ org, site = "sit-1", der = "der-1" }, timestamp, members = {}) {
      const address = { orgId: org, siteId: site, deviceId: `dev-${der}`, derId: der };
      const ids = { org_id: org, site_id: site, device_id: address.deviceId, der_id: der };
      const received_at = timestamp + 1_000;
      const reading = { type: "pv", timestamp, ...members, ...ids, der_name: "d", received_at };
      await rig.publishRaw(enrichedSubject(address), JSON.stringify(reading));
    },
    async wish(places, members = {}) {
      const sites = places.map(({ org, site = "sit-1" }) => ({ orgId: org, siteId: site }));
      const [position] = await rig.registry.manifest.positionsOf(stream);
      const { epoch = 0 } = position ?? {};
      return { sites, selection: {}, epoch, after: 0, upTo: end, ...members };
    },
    async readAll(wish, pageMax = 1_000) {
      const sequences: number[] = [];
      let { after } = wish;
      for (;;) {
        const { messages, position } = await queries.read({ ...wish, after }, pageMax);
        if (position <= after) return sequences;
        assert.ok(messages.length <= pageMax);
        sequences.push(...messages.map(({ sequence }) => sequence));
        after = position;
      }
    },
  };
}

const numbers = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

test("what was archived comes back in the order of the stream, whatever files it lies in", async (t) => {
  const archive = await open(t);
  if (archive === undefined) return;
  const { rig, publish, readAll, wish, queries } = archive;
  const [a, b] = [await rig.newOrg(), await rig.newOrg()];
  // Over three days, some of it late, of two organizations by turns, archived now and then.
  for (let i = 1; i <= 60; i++) {
    const timestamp = today - ((60 - i) % 3) * dayMs + i * 1_000;
    await publish({ org: i % 2 ? a : b, der: `der-${i % 4}` }, timestamp, { W: i });
    if (i % 15 === 0) await rig.archive();
  }
  await rig.archive({ aheadMs: 3 * dayMs });
  const odd = numbers(1, 60).filter((i) => i % 2);
  for (const pageMax of [7, 1_000]) {
    assert.deepEqual(await readAll(await wish([{ org: a }]), pageMax), odd);
    assert.deepEqual(await readAll(await wish([{ org: a }, { org: b }]), pageMax), numbers(1, 60));
  }
  assert.deepEqual(
    await readAll(await wish([{ org: a }], { after: 30, upTo: 41 })),
    [31, 33, 35, 37, 39, 41],
  );
  const [first] = (await queries.read(await wish([{ org: b }], { after: 41 }), 1)).messages;
  assert.partialDeepStrictEqual(JSON.parse(Buffer.from(first?.payload ?? "").toString()), {
    ...{ type: "pv", W: 42, org_id: b, der_id: "der-2", der_name: "d" },
  });
});

test("only the sites, types, devices and DERs that were asked for come, out of their organization's folder", async (t) => {
  const archive = await open(t);
  if (archive === undefined) return;
  const { rig, publish, readAll, wish } = archive;
  const [a, b] = [await rig.newOrg(), await rig.newOrg()];
  await publish({ org: a, site: "s-1", der: "x" }, today, { W: 1 });
  await publish({ org: a, site: "s-2", der: "y" }, today, { W: 2, type: "meter" });
  await publish({ org: b, site: "s-1", der: "x" }, today, { W: 3 });
  await publish({ org: a, site: "s-1", der: "z" }, today, { W: 4, type: "battery" });
  await rig.archive();
  const both = [
    { org: a, site: "s-1" },
    { org: a, site: "s-2" },
  ];
  const cases: [SequenceWish, number[]][] = [
    [await wish([{ org: a, site: "s-1" }]), [1, 4]],
    [await wish([{ org: b, site: "s-1" }]), [3]],
    [await wish([{ org: b, site: "s-2" }]), []],
    [await wish(both), [1, 2, 4]],
    [await wish(both, { selection: { types: ["meter", "battery"] } }), [2, 4]],
    [await wish(both, { selection: { devices: ["dev-x"] } }), [1]],
    [await wish(both, { selection: { ders: ["y", "'; drop table x --"] } }), [2]],
    [await wish([...both, { org: b, site: "s-1" }]), [1, 2, 3, 4]],
  ];
  for (const [each, expected] of cases) assert.deepEqual(await readAll(each), expected);
});

test("the archive says from where to where it has everything: a gap and removed days limit it", async (t) => {
  const archive = await open(t);
  if (archive === undefined) return;
  const { rig, publish, readAll, wish, queries } = archive;
  const [org, brief] = [await rig.newOrg(), await rig.newOrg(2)];
  for (let i = 1; i <= 4; i++) await publish({ org }, today + i);
  await rig.archive();
  const { epoch } = await wish([{ org }]);
  assert.deepEqual(await queries.range([org], epoch), { after: 0, upTo: 4 });
  assert.equal(await queries.range([org], epoch + 1), undefined);
  assert.deepEqual(await readAll(await wish([{ org }], { epoch: epoch + 1 })), []);

  for (let i = 5; i <= 8; i++) await publish({ org }, today + i);
  await rig.expireBefore(7);
  await rig.archive();
  assert.deepEqual(await queries.range([org], epoch), { after: 6, upTo: 8 });
  assert.deepEqual(await readAll(await wish([{ org }], { after: 2 })), []);
  assert.deepEqual(await readAll(await wish([{ org }], { after: 6 })), [7, 8]);

  for (const daysAgo of [5, 4, 1, 0]) await publish({ org: brief }, today - daysAgo * dayMs);
  await publish({ org: brief, der: "late" }, today - 4 * dayMs, { W: 1 });
  await rig.archive();
  assert.deepEqual(await queries.range([brief], epoch), { after: 10, upTo: 13 });
  assert.deepEqual(await queries.range([brief, org], epoch), { after: 10, upTo: 13 });
  assert.deepEqual(await readAll(await wish([{ org: brief }], { after: 9 })), []);
  assert.deepEqual(await readAll(await wish([{ org: brief }], { after: 10 })), [11, 12]);
  // What was removed stays so when more is kept from now on.
  await rig.registry.organizations.setRetention(brief, null);
  await rig.archive();
  assert.deepEqual(await queries.range([brief], epoch), { after: 10, upTo: 13 });
});

test("a stream that was made anew or restored is another one, or begins behind what was archived", async (t) => {
  const archive = await open(t);
  if (archive === undefined) return;
  const { rig, publish, wish, queries, readAll } = archive;
  const org = await rig.newOrg();
  for (let i = 1; i <= 4; i++) await publish({ org }, today + i);
  await rig.archive();
  const { epoch: was } = await wish([{ org }]);
  await rig.recreateStream();
  for (let i = 1; i <= 3; i++) await publish({ org }, today + 100 + i);
  await rig.archive();
  // Merged, they lie in one file.
  await rig.archive({ aheadMs: 3 * dayMs });
  const { epoch: is } = await wish([{ org }]);
  assert.equal(await queries.range([org], was), undefined);
  assert.deepEqual(await queries.range([org], is), { after: 0, upTo: 3 });
  assert.deepEqual(await readAll(await wish([{ org }])), [1, 2, 3]);

  const restored = { stream, part: 0, epoch: is, sequence: 50 };
  await rig.registry.manifest.commit({ added: [], removed: [], positions: [restored] });
  for (let i = 4; i <= 5; i++) await publish({ org }, today + 100 + i);
  await rig.archive();
  assert.equal(await queries.range([org], is), undefined);
});

test("a reading that two writers have archived comes once", async (t) => {
  const archive = await open(t);
  if (archive === undefined) return;
  const { rig, publish, wish, queries, readAll } = archive;
  const org = await rig.newOrg();
  for (let i = 1; i <= 6; i++) await publish({ org }, today + i);
  await rig.archive();
  // Two writers share the work from now on, and begin where one of them was before.
  const [position] = await rig.registry.manifest.positionsOf(stream);
  assert.ok(position);
  const farthestBack = { ...position, sequence: 3 };
  await rig.registry.manifest.commit({ added: [], removed: [], positions: [farthestBack] });
  for (const index of [0, 1]) await rig.archive({ partition: { index, count: 2 } });
  assert.ok((await rig.rows(org)).length > 6);
  assert.deepEqual(await queries.range([org], position.epoch), { after: 0, upTo: 6 });
  for (const pageMax of [1, 4, 100]) {
    assert.deepEqual(await readAll(await wish([{ org }]), pageMax), numbers(1, 6));
  }
});

test("a time finds the first that arrived since, and says when the archive may lack some", async (t) => {
  const archive = await open(t);
  if (archive === undefined) return;
  const { rig, publish, wish, queries } = archive;
  const org = await rig.newOrg();
  const start = today - 3 * dayMs;
  for (let i = 0; i < 6; i++) {
    await publish({ org }, start + i * 12 * 3_600_000);
    await rig.archive();
  }
  const { epoch } = await wish([{ org }]);
  const at = (timeMs: number) => queries.positionAt([org], epoch, timeMs);
  const arrivalMs = (i: number) => start + i * 12 * 3_600_000 + 1_000;
  assert.deepEqual(await at(0), { position: 0, isExpired: false });
  assert.deepEqual(await at(arrivalMs(0)), { position: 0, isExpired: false });
  assert.deepEqual(await at(arrivalMs(0) + 1), { position: 1, isExpired: false });
  assert.deepEqual(await at(arrivalMs(4)), { position: 4, isExpired: false });
  assert.deepEqual(await at(arrivalMs(5) + 1), { position: 6, isExpired: false });
  assert.equal(await queries.positionAt([org], epoch + 1, 0), undefined);

  for (let i = 6; i < 10; i++) await publish({ org }, start + i * 12 * 3_600_000);
  await rig.expireBefore(8);
  await rig.archive();
  assert.deepEqual(await at(0), { position: 7, isExpired: true });
  assert.deepEqual(await at(arrivalMs(8)), { position: 8, isExpired: false });
});

test("the newest of each DER is found in files of several days, and read by its place", async (t) => {
  const archive = await open(t);
  if (archive === undefined) return;
  const { rig, publish, wish, queries } = archive;
  const org = await rig.newOrg();
  await publish({ org, der: "x" }, today - dayMs);
  await publish({ org, der: "y" }, today - dayMs + 7);
  await publish({ org, der: "x" }, today + 5);
  await publish({ org, der: "x" }, today - dayMs + 3);
  await publish({ org, site: "elsewhere", der: "z" }, today);
  await rig.archive();
  const { places, position } = await queries.newest(await wish([{ org }]));
  assert.equal(position, 5);
  assert.deepEqual(
    places.toSorted((p, q) => (p.derId < q.derId ? -1 : 1)),
    [
      { derId: "x", timestampMs: today + 5, sequence: 3 },
      { derId: "y", timestampMs: today - dayMs + 7, sequence: 2 },
    ],
  );
  const messages = await queries.readAt(await wish([{ org }]), [2, 3, 5]);
  assert.deepEqual(
    messages.map(({ sequence }) => sequence),
    [2, 3],
  );
});

test("a page holds so many bytes and no more, but one reading in any case", async (t) => {
  const archive = await open(t);
  if (archive === undefined) return;
  const { rig, publish, wish, queries, readAll } = archive;
  const org = await rig.newOrg();
  const note = "x".repeat(60_000);
  for (let i = 1; i <= 20; i++) await publish({ org }, today + i, { note });
  await rig.archive();
  const { messages } = await queries.read(await wish([{ org }]), 1_000);
  assert.ok(messages.length >= 1 && messages.length <= 9);
  assert.deepEqual(await readAll(await wish([{ org }])), numbers(1, 20));
});

test("a reader that leaves ends its query, and nothing of it is left", async (t) => {
  const archive = await open(t);
  if (archive === undefined) return;
  const { rig, publish, wish, queries, duck } = archive;
  const org = await rig.newOrg();
  await publish({ org }, today);
  await rig.archive();
  const signal = AbortSignal.abort(new Error("gone"));
  await assert.rejects(queries.read(await wish([{ org }], { signal }), 10), /gone/);
  assert.deepEqual(duck.usage, { running: 0, waiting: 0 });
});
