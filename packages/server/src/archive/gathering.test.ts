import assert from "node:assert/strict";
import { test } from "node:test";
import { Gathering } from "./gathering.ts";

test("the site with most readings is known, whatever others send", () => {
  const gathering = new Gathering();
  const add = (siteId: string, sequence: number) => {
    const address = { orgId: "org", siteId, deviceId: "dev", derId: `der-${siteId}` };
    const timestampMs = sequence * 1_000;
    const reading = { timestamp: timestampMs, W: 1 };
    gathering.add({ address, reading, timestampMs, sequence, kind: "rows" });
  };
  assert.equal(gathering.siteRowsMost, 0);
  for (let sequence = 1; sequence <= 30; sequence++) add(sequence % 3 === 0 ? "b" : "a", sequence);
  assert.deepEqual([gathering.rows, gathering.siteRowsMost], [30, 20]);
});
