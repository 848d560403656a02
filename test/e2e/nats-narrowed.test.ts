import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { askerOf, until } from "../../packages/server/test/rest/ask-until.ts";
import { connectBackEnd, createBackEnd } from "../support/back-end.ts";
import { createConditions } from "../support/conditions.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { listen } from "../support/listener.ts";

let hub: TestHub;
let home: Home;
/** A second site of the home's organization, with a meter of its own. */
let cabinId: string;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
  const api = createApi(hub.url, home.token);
  cabinId = (await api("POST", "/sites", { org_id: home.orgId, name: "Cabin" })).id;
  await api("POST", "/devices/provision", {
    ...{ gateway_serial: home.gateway.serial, hardware_id: "cabin:1", device_type: "meter" },
    ...{ site_id: cabinId, ders: [{ name: "grid", type: "meter" }] },
  });
});
after(() => hub?.close());

test("an integration that is narrowed stops seeing the site, live on NATS and SSE and in its consumers", async () => {
  const backEnd = await createBackEnd(home, { siteIds: [home.siteId, cabinId] });
  const connection = await connectBackEnd(hub.natsUrl, backEnd, { reconnect: true });
  const ear = await followSites(connection);
  const streamUrl = `${hub.url}/stream?site=${home.siteId},${cabinId}`;
  const stream = await listen(streamUrl, { token: backEnd.loginJwt() });
  const ask = askerOf(hub.url, backEnd.loginJwt);
  await ask("POST", "/nats/consumers", { name: "all", org_id: home.orgId });
  const subjectsOf = async () => (await ask("GET", "/nats/consumers/all")).body.filter_subjects;
  assert.equal(await subjectsOf(), 2);
  const startMs = Date.now() - 60_000;
  await publishToBoth(startMs);
  await ear.until("both sites", () => ear.sites.length === 2);
  await stream.until("both sites", () => stream.readings().length === 2);

  const back = comesBack(connection);
  await change(backEnd.id, { site_ids: [cabinId] });
  await back;
  // What the client subscribes to again on its own is answered before this is.
  await connection.flush();
  await publishToBoth(startMs + 1);
  await ear.until("the site that is left", () => ear.sites.length > 2);
  await stream.until("the site that is left", () => stream.readings().length > 2);
  assert.deepEqual(ear.sites.slice(2), [cabinId]);
  assert.deepEqual(
    stream
      .readings()
      .slice(2)
      .map(({ site_id }) => site_id),
    [cabinId],
  );
  await until("its consumer reads one site", async () => (await subjectsOf()) === 1);

  const again = comesBack(connection);
  await change(backEnd.id, { site_ids: null });
  await again;
  const wide = await followSites(connection);
  await publishToBoth(startMs + 2);
  await wide.until("both sites", () => wide.sites.length === 2);
  await connection.close();
  await stream.close();
});

test("an integration that is renamed keeps its connections", async () => {
  const backEnd = await createBackEnd(home);
  const connection = await connectBackEnd(hub.natsUrl, backEnd);
  const stream = await listen(`${hub.url}/stream/sites/${home.siteId}`, {
    token: backEnd.loginJwt(),
  });
  const narrowed = await createBackEnd(home, { siteIds: [home.siteId, cabinId] });
  const other = await connectBackEnd(hub.natsUrl, narrowed);
  await change(backEnd.id, { name: "Renamed" });
  // Told after the rename, so whatever that has caused has happened by the time this is cut.
  await change(narrowed.id, { site_ids: [cabinId] });
  await other.closed();
  await connection.flush();
  await home.publish("meter", meter(Date.now() - 30_000));
  await stream.until("a reading", () => stream.readings().length > 0);
  assert.equal(connection.isClosed(), false);
  await connection.close();
  await stream.close();
});

function change(id: string, settings: object) {
  const api = createApi(hub.url, home.token);
  return api("PATCH", `/organizations/${home.orgId}/integrations/${id}`, settings);
}

/** Subscribes to both sites, of which one may be refused later. */
async function followSites(connection: NatsConnection) {
  const sites: string[] = [];
  const conditions = createConditions();
  for (const siteId of [home.siteId, cabinId]) {
    connection.subscribe(`orgs.${home.orgId}.sites.${siteId}.>`, {
      callback(error) {
        if (error !== null) return; // refused, once it may not hear this site
        sites.push(siteId);
        conditions.changed();
      },
    });
  }
  await connection.flush();
  return { sites, until: conditions.until };
}

async function comesBack(connection: NatsConnection): Promise<void> {
  for await (const { type } of connection.status()) if (type === "reconnect") return;
}

const meter = (timestamp: number) => ({ type: "meter", timestamp, W: 1 });

/** One reading of each site; the one of the cabin is stored last. */
async function publishToBoth(timestamp: number): Promise<void> {
  await home.publish("meter", meter(timestamp));
  const upload = createApi(hub.url, home.gateway.loginJwt());
  const body = [{ ...meter(timestamp), hardware_id: "cabin:1", der: "grid" }];
  await upload("POST", `/gateways/${home.gateway.serial}/telemetry`, body);
}
