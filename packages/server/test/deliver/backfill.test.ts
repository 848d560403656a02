import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamHub } from "./stream-hub.ts";
import { transports } from "./transports.ts";

const site = "sit-1";
const nowMs = Date.now();
const dayMs = 86_400_000;

async function start(t: Parameters<typeof StreamHub.start>[0]) {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set([site]));
  /** A reading of the past that came just now. */
  const publishLate = (W: number, ageMs: number, der = "der-1") =>
    hub.publish({ site, der }, { timestamp: nowMs - ageMs, W, backfilled: true });
  return { hub, publishLate };
}

for (const { name, open } of transports) {
  test(`${name}: a snapshot holds the newest reading of a DER, whatever came after it`, async (t) => {
    const { hub, publishLate } = await start(t);
    await hub.publish({ site, der: "der-1" }, { W: 1, timestamp: nowMs });
    await hub.publish({ site, der: "der-2" }, { W: 2, timestamp: nowMs });
    await publishLate(3, 3 * dayMs, "der-3");
    for (let i = 9; i > 0; i--) await publishLate(10 + i, i * 3_600_000);
    const client = await open({ port: hub.port, path: `/stream/sites/${site}?snapshot=true` });
    await client.untilReadings(3);
    assert.deepEqual(
      client.readings.map(({ W }) => W),
      [2, 3, 1],
    );
    await hub.publish({ site, der: "der-1" }, { W: 4 });
    await client.untilReadings(4);
    assert.deepEqual(client.readings.at(-1)?.W, 4);
  });

  test(`${name}: what comes late does not make a display jump back, and a stream of all has it`, async (t) => {
    const { hub, publishLate } = await start(t);
    await hub.publish({ site }, { W: 1, timestamp: nowMs });
    const path = `/stream/sites/${site}?snapshot=true`;
    const latest = await open({ port: hub.port, path: `${path}&mode=latest` });
    const all = await open({ port: hub.port, path });
    await latest.untilReadings(1);
    await all.untilReadings(1);
    await publishLate(2, dayMs);
    await hub.publish({ site }, { W: 3, timestamp: nowMs + 1 });
    await latest.untilReadings(2);
    await publishLate(4, dayMs - 1);
    await hub.publish({ site }, { W: 5, timestamp: nowMs + 2 });
    await all.untilReadings(5);
    await latest.untilReadings(3);
    assert.deepEqual(
      all.readings.map(({ W, backfilled }) => [W, backfilled]),
      [
        [1, undefined],
        [2, true],
        [3, undefined],
        [4, true],
        [5, undefined],
      ],
    );
    assert.deepEqual(
      latest.readings.map(({ W }) => W),
      [1, 3, 5],
    );
  });
}
