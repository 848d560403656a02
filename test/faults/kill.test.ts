import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { waysIn } from "../conformance/ways-in.ts";
import { createHome, type Home } from "../support/home.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";
import {
  listenResuming,
  type ResumingListener,
  socketResuming,
} from "../support/resuming-listener.ts";
import { killNats } from "./kill-nats.ts";
import { type Load, startLoad } from "./load.ts";
import { readStored } from "./stored-readings.ts";

const kills = 10;
/** Readings that every load must get acknowledged between two kills: the kill falls into traffic. */
const readingsBetween = 25;
const listenersPerStream = 3;

/** The ways in that acknowledge: what they promise must hold. */
const acknowledging = ["MQTT QoS 1", "NATS batch request", "HTTP upload", "WebSocket publish"];

let hub: HubProcess;
let home: Home;
let loads: Load[];
let listeners: ResumingListener[];

before(async () => {
  hub = await startHubProcess();
  home = await createHome(hub);
});
after(() => hub?.close());

test("kill -9 of the hub, ten times under load, loses and doubles nothing", async () => {
  startTraffic();
  for (let kill = 0; kill < kills; kill++) {
    await traffic();
    await hub.kill();
    await hub.start();
  }
  await settle();
  const cuts = listeners.map((listener) => listener.connections());
  assert.ok(Math.min(...cuts) > 1, `every listener was cut and came back: ${cuts}`);
});

test("kill -9 of nats-server, ten times under load, loses and doubles nothing", async () => {
  startTraffic();
  for (let kill = 0; kill < kills; kill++) {
    await traffic();
    await killNats(hub);
  }
  await settle();
});

function startTraffic(): void {
  const ders = [
    { der: home.ders.solar, type: "pv" },
    { der: home.ders.battery, type: "battery" },
    { der: home.ders.meter, type: "meter" },
    { der: home.ders.charger, type: "ev_charger" },
  ] as const;
  listeners = [`/stream/sites/${home.siteId}`, `/stream/orgs/${home.orgId}`].flatMap((path) =>
    Array.from({ length: listenersPerStream }, () =>
      // From the cursor of "now", explicitly: a listener that connects late must not miss the start.
      listenResuming(`${hub.url}${path}?since=${Date.now()}`, home.token),
    ),
  );
  const since = Date.now();
  for (const scope of [{ sites: [home.siteId] }, { org: home.orgId, batch_ms: 20 }]) {
    const open = () => socketResuming(hub.url, home.token, { ...scope, since });
    listeners.push(...Array.from({ length: listenersPerStream }, open));
  }
  loads = acknowledging.map((name, index) => {
    const way = waysIn.find((candidate) => candidate.name === name);
    const at = ders[index];
    assert.ok(way && at, name);
    return startLoad(way, hub, at.der, at.type);
  });
}

/** Waits until every load has got that many more acknowledgements. */
async function traffic(): Promise<void> {
  await Promise.all(loads.map((load) => load.reaches(load.acknowledged.size + readingsBetween)));
}

async function settle(): Promise<void> {
  await Promise.all(loads.map((load) => load.finish()));
  const published = new Set(loads.flatMap((load) => [...load.acknowledged]));
  assert.ok(published.size >= kills * readingsBetween * acknowledging.length, `${published.size}`);

  for (const listener of listeners) {
    const missing = new Set(published);
    let looked = 0;
    await listener.until("every published reading arrived", () => {
      for (const id of listener.ids.slice(looked)) missing.delete(id);
      looked = listener.ids.length;
      return missing.size === 0;
    });
    await listener.close();
    assert.equal(listener.ids.length, new Set(listener.ids).size, "nothing arrived twice");
    const unexpected = listener.ids.filter((id) => !published.has(id));
    assert.deepEqual(unexpected, [], "nothing but what was published");
  }

  const stored = await readStored(hub);
  const storedIds = new Set(stored);
  assert.equal(stored.length, storedIds.size, "nothing is stored twice");
  assert.deepEqual(
    [...published].filter((id) => !storedIds.has(id)),
    [],
    "nothing is missing",
  );
}
