import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamHub, until } from "./stream-hub.ts";
import { type StreamClient, transports } from "./transports.ts";

const site = "sit-1";
const path = `/stream/sites/${site}?liveness=true&events=all`;

/** What the DERs of a client's stream did, in order. */
function statesOf(client: StreamClient, derId?: string): string[] {
  return client
    .named("liveness")
    .filter(({ der_id }) => derId === undefined || der_id === derId)
    .map(({ state }) => String(state));
}

async function start(t: Parameters<typeof StreamHub.start>[0]) {
  const clock = { nowMs: Date.now() };
  const hub = await StreamHub.start(t, { now: () => clock.nowMs, heartbeatMs: 1e9 });
  hub.access.orgs.set("org-1", new Set([site, "sit-2"]));
  return { hub, clock };
}

for (const { name, open } of transports) {
  test(`${name}: a DER is online with its first reading, stale, then offline, and online again`, async (t) => {
    const { hub, clock } = await start(t);
    const client = await open({ port: hub.port, path });
    await client.untilPositioned();
    await hub.publish({ site, der: "der-1" });
    await until(() => statesOf(client).length === 1, "it is online");
    const [first] = client.named("liveness");
    const { site_id, device_id, der_id, state, age_ms } = first ?? {};
    const told = { site_id, device_id, der_id, state, age_ms };
    assert.deepEqual(told, {
      ...{ site_id: site, device_id: "dev-1", der_id: "der-1", state: "online", age_ms: 0 },
    });
    // Nothing is known yet of how often it sends: a minute is assumed.
    clock.nowMs += 3 * 60_000;
    await until(() => statesOf(client).length === 2, "it is stale");
    assert.ok(Number(client.named("liveness").at(-1)?.age_ms) >= 3 * 60_000);
    clock.nowMs += 7 * 60_000;
    await until(() => statesOf(client).length === 3, "it is offline");
    await hub.publish({ site, der: "der-1" });
    await until(() => statesOf(client).length === 4, "it is back");
    assert.deepEqual(statesOf(client), ["online", "stale", "offline", "online"]);
  });

  test(`${name}: whoever comes is told how each DER does, as the stream remembers it`, async (t) => {
    const { hub, clock } = await start(t);
    await hub.publish({ site, der: "der-1" });
    clock.nowMs += 5 * 60_000;
    await hub.publish({ site, der: "der-2" });
    clock.nowMs += 6 * 60_000;
    await hub.publish({ site, der: "der-3" });
    await hub.publish({ site: "sit-2", der: "der-9" });
    const client = await open({ port: hub.port, path });
    await until(() => statesOf(client).length === 3, "all are told");
    const states = client.named("liveness").map(({ der_id, state }) => [der_id, state]);
    assert.deepEqual(states, [
      ["der-1", "offline"],
      ["der-2", "stale"],
      ["der-3", "online"],
    ]);
    assert.equal(client.named("liveness")[0]?.age_ms, 11 * 60_000);
  });

  test(`${name}: filters hold for liveness too, and who did not ask is told nothing`, async (t) => {
    const { hub } = await start(t);
    const meters = await open({ port: hub.port, path: `${path}&types=meter` });
    const one = await open({ port: hub.port, path: `${path}&ders=der-2` });
    const plain = await open({ port: hub.port, path: `/stream/sites/${site}?events=all` });
    for (const client of [meters, one, plain]) await client.untilPositioned();
    await hub.publish({ site, der: "der-1" }, { type: "meter" });
    await hub.publish({ site, der: "der-2" }, { type: "pv" });
    await plain.untilReadings(2);
    await until(() => statesOf(meters).length + statesOf(one).length === 2, "both are told");
    assert.deepEqual(statesOf(meters, "der-1"), ["online"]);
    assert.deepEqual(statesOf(one, "der-2"), ["online"]);
    assert.deepEqual(statesOf(plain), []);
    assert.equal(hub.delivery.usage.watched, 1);
    for (const client of [meters, one, plain]) client.close();
    await until(() => hub.delivery.usage.watched === 0, "nobody watches any more");
  });

  test(`${name}: a site that was taken away is told of no more, a new one at once`, async (t) => {
    const { hub, clock } = await start(t);
    await hub.publish({ site, der: "der-1" });
    await hub.publish({ site: "sit-3", der: "der-3" });
    const target = "/stream/orgs/org-1?liveness=true&events=all";
    const client = await open({ port: hub.port, path: target });
    await until(() => statesOf(client).length === 1, "what is there is told");
    hub.access.orgs.set("org-1", new Set(["sit-2", "sit-3"]));
    hub.access.grantsChanged();
    await until(() => statesOf(client, "der-3").length === 1, "what came in is told");
    assert.equal(hub.delivery.usage.watched, 2);
    clock.nowMs += 4 * 60_000;
    await until(() => statesOf(client, "der-3").length === 2, "it is stale");
    assert.deepEqual(statesOf(client, "der-1"), ["online"]);
  });
}

test("whoever comes is told why a DER is silent, and an hourly one is not called so", async (t) => {
  const { hub, clock } = await start(t);
  const asked: unknown[] = [];
  hub.delivery.watchedSites.explainBy(async (siteId, { silent, online }) => {
    asked.push([siteId, silent.map(({ derId }) => derId), online.map(({ derId }) => derId)]);
    return new Map([["der-1", "gateway_disconnected"]]);
  });
  const firstMs = clock.nowMs;
  await hub.publish({ site, der: "der-1" });
  for (let hour = 0; hour < 2; hour++) {
    clock.nowMs = firstMs + hour * 3_600_000;
    await hub.publish({ site, der: "der-hourly" });
  }
  clock.nowMs += 3_000_000;
  const client = await transports[0]?.open({ port: hub.port, path });
  assert.ok(client);
  await until(() => statesOf(client).length === 2, "both are told");
  const told = client.named("liveness").map(({ der_id, state, since, why }) => {
    return [der_id, state, since, why];
  });
  assert.deepEqual(told, [
    ["der-1", "offline", firstMs, "gateway_disconnected"],
    ["der-hourly", "online", undefined, undefined],
  ]);
  assert.deepEqual(asked, [[site, ["der-1"], ["der-hourly"]]]);
});
