import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { type EnrichedReading, parseBackfillSubject } from "@novacore/protocol";
import { connectHub } from "../../packages/server/src/nats/connection.ts";
import { loadHubKeys } from "../../packages/server/src/nats/hub-keys.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { listen } from "../support/listener.ts";
import { waysIn } from "./ways-in.ts";

let hub: TestHub;
let home: Home;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

let lastMs = Date.now();
/** An instant so long ago that no other reading has. */
function ago(ms: number): number {
  lastMs++;
  return lastMs - ms;
}

for (const way of waysIn) {
  describe(`late over ${way.name}`, () => {
    test("a reading of an hour ago is delivered with the mark, one of just now without", async () => {
      const listener = await listen(`${hub.url}/stream/sites/${home.siteId}`, home);
      const uplink = await way.open(hub, home.gateway);
      const times = [ago(3_600_000), ago(0)];
      for (const timestamp of times) {
        const payload = JSON.stringify({ type: "meter", timestamp, W: 1, backfilled: "no" });
        await uplink.publish(home.ders.meter, payload);
      }
      const found = () =>
        times.map((time) => listener.readings().find(({ timestamp }) => timestamp === time));
      await listener.until("both", () => found().every((reading) => reading !== undefined));
      assert.deepEqual(
        found().map((reading) => reading?.backfilled),
        [true, undefined],
      );
      await Promise.all([uplink.close(), listener.close()]);
    });

    if (!/HTTP|batch|WebSocket/.test(way.name)) return;

    test("a reading of a year ago is answered as stored, and stands there for the archive", async () => {
      const uplink = await way.open(hub, home.gateway);
      const timestamp = ago(365 * 86_400_000);
      const payload = JSON.stringify({ type: "meter", timestamp, W: 1 });
      // The same again is no error.
      for (let i = 0; i < 2; i++) await uplink.publish(home.ders.meter, payload);
      await uplink.close();
      const waiting = await readBackfill();
      const found = waiting.filter((reading) => reading.timestamp === timestamp);
      assert.deepEqual(
        found.map(({ der_id, site_id, backfilled }) => [der_id, site_id, backfilled]),
        [[home.ders.meter.derId, home.siteId, true]],
      );
    });
  });
}

/** What waits for the archive, under the subject that says whose it is. */
async function readBackfill(): Promise<EnrichedReading[]> {
  const address = { natsUrl: hub.natsUrl, keys: loadHubKeys(hub.dataDir) };
  const connection = await connectHub(address, "HUB", "test");
  const { direct } = await jetstreamManager(connection);
  const readings: EnrichedReading[] = [];
  const messages = await direct.getBatch("BACKFILL_TELEMETRY", { seq: 1, batch: 1_000 });
  for await (const message of messages) {
    const reading = message.json<EnrichedReading>();
    assert.equal(parseBackfillSubject(message.subject)?.orgId, reading.org_id);
    readings.push(reading);
  }
  await connection.close();
  return readings;
}
