import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ArchiveRig, distinct, type Published, plain } from "./archive-rig.ts";

const dayMs = 86_400_000;
const day0 = Date.parse("2026-06-01T00:00:00Z");

/** What happens to the archive: readings come, or it runs, perhaps to a step and no further. */
const reading = fc.record({
  org: fc.nat(2),
  der: fc.nat(3),
  ms: fc.oneof(fc.nat(3), fc.integer({ min: dayMs - 2, max: dayMs + 2 })),
  isOld: fc.boolean(),
});
const event = fc.oneof(
  fc.record({
    kind: fc.constant("publish" as const),
    readings: fc.array(reading, { minLength: 1 }),
  }),
  fc.record({
    kind: fc.constant("run" as const),
    failAfter: fc.option(fc.integer({ min: 1, max: 40 })),
    aheadMs: fc.constantFrom(0, 40 * dayMs),
  }),
);

test("whatever comes and wherever it fails, the archive holds each reading once", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 3, maxLength: 12 }), async (events) => {
      runs++;
      const orgs = [await rig.newOrg(), await rig.newOrg(), await rig.newOrg()];
      const published: Published[] = [];
      for (const one of events) {
        if (one.kind === "run") {
          await runTo(rig, one.failAfter, one.aheadMs);
          continue;
        }
        for (const { org, der, ms, isOld } of one.readings) {
          const readings = [
            {
              ...{ org: orgs[org] ?? "", der: `d-${der}-${runs}`, W: published.length },
              timestamp: day0 + ms - (isOld ? 400 * dayMs : 0),
            },
          ];
          await rig.publish(readings, isOld ? "backfill" : "main");
          published.push(...readings);
        }
      }
      await runTo(rig, null, 0);
      await runTo(rig, null, 40 * dayMs);
      await runTo(rig, null, 40 * dayMs);
      assert.deepEqual((await rig.rows(...orgs)).map(plain), distinct(published));
    }),
    { numRuns: 25, seed: 20_260_601, endOnFailure: true },
  );
  const orgs = await rig.registry.manifest.orgIds();
  assert.deepEqual(await rig.leftovers(...orgs), []);
});

/** Until everything is done, or a step throws. */
async function runTo(rig: ArchiveRig, failAfter: number | null, aheadMs: number): Promise<void> {
  let steps = 0;
  const failure = new Error("failed on purpose");
  const onStep = () => {
    steps++;
    if (steps === failAfter) throw failure;
  };
  try {
    await rig.archive({ onStep, aheadMs });
  } catch (error) {
    assert.equal(error, failure);
  }
}
