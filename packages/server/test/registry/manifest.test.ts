import assert from "node:assert/strict";
import { it } from "node:test";
import type { ArchiveFile } from "../../src/registry/manifest.ts";
import { onBothDatabases } from "./both-databases.ts";

const day = "2026-06-01";
const midnight = Date.parse(day);

function fileOf(name: string, overrides: Partial<ArchiveFile> = {}): ArchiveFile {
  return {
    ...{ path: `org=org-1/date=${day}/${name}.parquet`, orgId: "org-1", day },
    ...{ kind: "rows", level: 0, rows: 10, bytes: 6 * 1024 ** 3 },
    sequences: { epoch: 1_790_000_000_123, first: 1, last: 9_000_000_000 },
    ...{ timestampFirst: midnight, timestampLast: midnight + 60_000 },
    ...{ derFirst: "der-1", derLast: "der-9" },
    ...overrides,
  };
}

onBothDatabases("the archive's manifest", (db) => {
  it("keeps files and positions of one commit, as they were given", async () => {
    const { manifest } = db.registry;
    const position = { stream: "S", part: 0, epoch: 1_790_000_000_123, sequence: 9_000_000_000 };
    const added = [fileOf("a"), fileOf("b", { kind: "late", sequences: undefined })];
    await manifest.commit({ added, removed: [], positions: [position] });
    const query = { orgId: "org-1", kinds: ["rows", "late"] } as const;
    assert.deepEqual(await manifest.snapshot(query, () => true), {
      files: added,
      positions: [position],
    });
    const ofAnother = await manifest.snapshot(query, (part) => part === 1);
    assert.deepEqual(ofAnother.positions, []);
    assert.deepEqual(await manifest.files({ ...query, orgId: "org-2" }), []);
    assert.deepEqual(await manifest.orgIds(), ["org-1"]);
  });

  it("finds files by time, kind and position", async () => {
    const { manifest } = db.registry;
    const later = { timestampFirst: midnight + 120_000, timestampLast: midnight + 180_000 };
    const sequences = { epoch: 5, first: 100, last: 200 };
    const added = [fileOf("c", { orgId: "org-3" }), fileOf("d", { orgId: "org-3", ...later })];
    const other = fileOf("e", { orgId: "org-3", kind: "late", sequences });
    await manifest.commit({ added: [...added, other], removed: [], positions: [] });
    const names = async (query: object) => {
      const files = await manifest.files({ orgId: "org-3", kinds: ["rows", "late"], ...query });
      return files.map(({ path }) => path.slice(-9, -8)).join("");
    };
    assert.equal(await names({}), "cde");
    assert.equal(await names({ kinds: ["late"] }), "e");
    const from = (first: number, last: number) => ({
      timestamps: { first: midnight + first, last: midnight + last },
    });
    assert.equal(await names(from(60_000, 119_999)), "ce");
    assert.equal(await names(from(60_001, 119_999)), "");
    assert.equal(await names(from(61_000, 86_400_000)), "d");
    assert.equal(await names({ after: { epoch: 5, sequence: 199 } }), "e");
    assert.equal(await names({ after: { epoch: 5, sequence: 200 } }), "");
  });

  it("moves a position only from where the writer left it", async () => {
    const { manifest } = db.registry;
    const place = { stream: "T", part: 0, epoch: 5 };
    const move = (sequence: number, from: { epoch: number; sequence: number } | null) =>
      manifest.commit({ added: [], removed: [], positions: [{ ...place, sequence, from }] });
    await move(10, null);
    await assert.rejects(move(10, null), /archived by another hub as well/);
    await move(20, { epoch: 5, sequence: 10 });
    await assert.rejects(move(30, { epoch: 5, sequence: 10 }), /archived by another hub as well/);
    assert.deepEqual(await manifest.positionsOf("T"), [{ ...place, sequence: 20 }]);
  });

  it("has another number of writers start where the last one of them was", async () => {
    const { manifest } = db.registry;
    const at = (part: number, sequence: number) => ({ stream: "U", part, epoch: 5, sequence });
    await manifest.commit({ added: [], removed: [], positions: [at(7, 30), at(8, 20)] });
    await manifest.repartition("U", [7, 8]);
    assert.equal((await manifest.positionsOf("U")).length, 2);
    await manifest.repartition("U", [1, 2, 3]);
    const moved = (await manifest.positionsOf("U")).toSorted((a, b) => a.part - b.part);
    assert.deepEqual(moved, [at(1, 20), at(2, 20), at(3, 20)]);
    await manifest.repartition("V", [1]);
    assert.deepEqual(await manifest.positionsOf("V"), []);
  });

  it("counts files as garbage until they are committed, and none that was given up", async () => {
    const { manifest } = db.registry;
    const [kept, given] = [fileOf("h", { orgId: "org-5" }), fileOf("i", { orgId: "org-5" })];
    await manifest.announce([kept.path, given.path]);
    const garbage = () => manifest.garbage(new Date(Date.now() + 60_000));
    assert.deepEqual(await garbage(), [kept.path, given.path]);
    const commit = (file: ArchiveFile) =>
      manifest.commit({ added: [file], removed: [], positions: [], announced: [file.path] });
    await commit(kept);
    await manifest.forgetGarbage(await garbage());
    await assert.rejects(commit(given), /given up/);
    assert.deepEqual(await manifest.files({ orgId: "org-5", kinds: ["rows"] }), [kept]);
  });

  it("keeps cells only as long as they were made of all readings of their day", async () => {
    const { manifest } = db.registry;
    const of = (name: string, kind: ArchiveFile["kind"]) => fileOf(name, { orgId: "org-6", kind });
    const kinds = async () => (await manifest.day({ orgId: "org-6", day })).map(({ kind }) => kind);
    const [rows, late, cells] = [of("j", "rows"), of("k", "late"), of("l", "cells")];
    await manifest.commit({ added: [rows], removed: [], positions: [], bringsReadings: true });
    const basis = { orgId: "org-6", day, paths: [rows.path] };
    await manifest.commit({ added: [cells], removed: [], positions: [], basis });
    assert.deepEqual(await kinds(), ["rows", "cells"]);
    await manifest.commit({ added: [late], removed: [], positions: [], bringsReadings: true });
    assert.deepEqual(await kinds(), ["rows", "late"]);
    await manifest.forgetGarbage([cells.path]);
    const again = { added: [of("m", "cells")], removed: [], positions: [], basis };
    await assert.rejects(manifest.commit(again), /have changed meanwhile/);
    assert.deepEqual(
      await manifest.newestTimestamps().then((all) => all.get("org-6")),
      midnight + 60_000,
    );
    assert.deepEqual(await manifest.pathsBefore("org-6", day), []);
    assert.deepEqual(await manifest.pathsBefore("org-6", undefined), [rows.path, late.path]);
  });

  it("replaces files in one step, remembers what can be deleted, and never removes one twice", async () => {
    const { manifest } = db.registry;
    const [old, merged] = [fileOf("f", { orgId: "org-4" }), fileOf("g", { orgId: "org-4" })];
    await manifest.commit({ added: [old], removed: [], positions: [] });
    const swap = { added: [merged], removed: [old.path], positions: [] };
    await manifest.commit(swap);
    assert.deepEqual(await manifest.files({ orgId: "org-4", kinds: ["rows"] }), [merged]);
    await assert.rejects(manifest.commit({ ...swap, added: [] }), /not part of the archive/);
    assert.equal(await manifest.knows(old.path), true);
    assert.equal(await manifest.knows("org=org-4/other.parquet"), false);
    assert.deepEqual(await manifest.garbage(new Date(0)), []);
    assert.deepEqual(await manifest.garbage(new Date(Date.now() + 60_000)), [old.path]);
    await manifest.forgetGarbage([old.path]);
    assert.equal(await manifest.knows(old.path), false);
  });
});
