import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { uniform } from "@novacore/simulator";
import { createConditions } from "../support/conditions.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { StormySocket, type StormySubscription } from "../support/stormy-socket.ts";

const socketsPerKind = 8;
/** Every socket is cut at least so often before the storm ends. */
const cutsEach = 6;

let hub: TestHub;
let home: Home;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

test("sockets that are cut again and again end with every reading once, each DER in order", async () => {
  const { solar, battery, meter } = home.ders;
  const all = [solar, battery, meter].map(({ derId }) => derId);
  const kinds: readonly { subscription: StormySubscription; credit?: number; ders: string[] }[] = [
    { subscription: { sites: [home.siteId] }, ders: all },
    { subscription: { sites: [home.siteId], batch_ms: 20 }, ders: all },
    { subscription: { org: home.orgId }, credit: 30, ders: all },
    { subscription: { ders: [battery.derId] }, ders: [battery.derId] },
  ];
  const conditions = createConditions();
  const sockets = kinds.flatMap(({ subscription, credit, ders }, kind) =>
    Array.from({ length: socketsPerKind }, (_, index) => {
      const socket = new StormySocket({
        url: `${hub.url.replace("http", "ws")}/ws`,
        token: home.token,
        ...{ subscription, credit, since: Date.now(), meanLifeMs: 150 },
        random: pseudoRandom(kind * socketsPerKind + index + 1),
        onChange: () => conditions.changed(),
      });
      socket.connect();
      return { socket, ders };
    }),
  );
  const published = new Map<string, number[]>(all.map((derId) => [derId, []]));
  while (sockets.some(({ socket }) => socket.cuts < cutsEach)) await publishSome(published);
  for (const { socket } of sockets) socket.calm();
  await publishSome(published);

  for (const { socket, ders } of sockets) {
    const expected = new Map(ders.map((derId) => [derId, published.get(derId) ?? []]));
    const count = [...expected.values()].reduce((sum, stamps) => sum + stamps.length, 0);
    await conditions.until("every reading has come", () => socket.count >= count);
    assert.deepEqual(socket.complaints, []);
    assert.deepEqual(new Map([...socket.readings].sort()), new Map([...expected].sort()));
  }
  for (const { socket } of sockets) socket.stop();
});

let lastMs = 0;

/** A few readings of each DER in one upload, each with an instant of its own. */
async function publishSome(published: Map<string, number[]>): Promise<void> {
  const { solar, battery, meter } = home.ders;
  const sources = [
    { der: solar, type: "pv" },
    { der: battery, type: "battery" },
    { der: meter, type: "meter" },
  ];
  const readings = Array.from({ length: 4 }).flatMap(() => {
    lastMs = Math.max(Date.now(), lastMs + 1);
    return sources.map(({ der, type }) => {
      published.get(der.derId)?.push(lastMs);
      return { type, timestamp: lastMs, W: 0, hardware_id: der.hardwareId, der: der.der };
    });
  });
  const { serial } = home.gateway;
  const upload = createApi(hub.url, home.gateway.loginJwt());
  const { accepted } = await upload("POST", `/gateways/${serial}/telemetry`, readings);
  assert.equal(accepted, readings.length);
}

/** Seeded, so that a failing run can be had again. */
function pseudoRandom(seed: number): () => number {
  let calls = 0;
  return () => uniform(seed, calls++);
}
