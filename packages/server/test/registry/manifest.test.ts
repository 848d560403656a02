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
    assert.deepEqual(await manifest.snapshot(query, 0), { files: added, positions: [position] });
    assert.deepEqual(await manifest.positions(1), []);
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
