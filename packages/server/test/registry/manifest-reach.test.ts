import assert from "node:assert/strict";
import { it } from "node:test";
import { onBothDatabases } from "./both-databases.ts";

const epoch = 1_790_000_000_123;
const nothing = { added: [], removed: [] };

onBothDatabases("from where on the archive is whole", (db) => {
  const wholeOf = async (stream: string, part: number, of = epoch) => {
    const query = { orgId: "org-1", stream, epoch: of, after: 0 };
    return (await db.registry.manifest.sequences(query, (each) => each === part)).whole;
  };

  it("is told with a position, and stays until it is told anew", async () => {
    const { manifest } = db.registry;
    const place = { stream: "A", part: 0, epoch };
    const move = (sequence: number, after?: number) =>
      manifest.commit({
        ...{ ...nothing, positions: [{ ...place, sequence }] },
        reach: after === undefined ? undefined : { ...place, after },
      });
    assert.equal(await wholeOf("A", 0), undefined);
    await move(9_000_000_000);
    // Before anybody has said so, nothing is known to be whole.
    assert.equal(await wholeOf("A", 0), undefined);
    await move(9_000_000_010, 8_000_000_000);
    await move(9_000_000_020);
    assert.deepEqual(await wholeOf("A", 0), { after: 8_000_000_000, upTo: 9_000_000_020 });
    await move(9_000_000_030, 9_000_000_025);
    assert.deepEqual(await wholeOf("A", 0), { after: 9_000_000_025, upTo: 9_000_000_030 });
    assert.equal(await wholeOf("A", 0, epoch + 1), undefined);
    assert.equal(await wholeOf("A", 1), undefined);
    assert.equal(await wholeOf("B", 0), undefined);
  });

  it("counts for all when the work is shared out anew", async () => {
    const { manifest } = db.registry;
    for (const [part, sequence, after] of [
      [1, 50, 10],
      [2, 40, 20],
    ] as const) {
      const place = { stream: "C", part, epoch };
      await manifest.commit({
        ...{ ...nothing, positions: [{ ...place, sequence }] },
        reach: { ...place, after },
      });
    }
    await manifest.repartition("C", [3, 4, 5]);
    for (const part of [3, 4, 5]) {
      assert.deepEqual(await wholeOf("C", part), { after: 20, upTo: 40 });
    }
    assert.equal(await wholeOf("C", 1), undefined);
  });

  it("knows up to which day readings were removed, which no longer keeping brings back", async () => {
    const { manifest } = db.registry;
    const expire = (before: string | undefined) =>
      manifest.commit({ ...nothing, positions: [], expired: { orgId: "org-1", before } });
    const query = { orgId: "org-1", stream: "D", epoch, after: 0 };
    const known = async () => (await manifest.sequences(query, () => true)).expiredBefore;
    assert.equal(await known(), undefined);
    await expire("2026-06-02");
    await expire("2026-06-09");
    await expire("2026-05-01");
    assert.equal(await known(), "2026-06-09");
    await expire(undefined);
    assert.equal(await known(), undefined);
  });
});
