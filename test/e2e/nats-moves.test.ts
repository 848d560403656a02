import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { claimGateway } from "@novacore/simulator";
import { type BackEndOptions, connectBackEnd, createBackEnd } from "../support/back-end.ts";
import { createConditions } from "../support/conditions.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";

let hub: TestHub;
before(async () => {
  hub = await startHub();
});
after(() => hub?.close());

test("a DER that moves to another site is heard there alone, live and by a consumer", async () => {
  const home = await createHome(hub);
  const owner = createApi(hub.url, home.token);
  const { id: annex } = await owner("POST", "/sites", { org_id: home.orgId, name: "Annex" });
  const here = await openEars(home, { name: "Here", siteIds: [home.siteId] });
  const there = await openEars(home, { name: "There", siteIds: [annex] });
  const deviceId = await meterOf(home);

  await publish(home, 1);
  await here.hears(1);
  await owner("PUT", `/devices/${deviceId}`, { site_id: annex });
  await publish(home, 2);
  await there.hears(2);
  await owner("PUT", `/devices/${deviceId}`, { site_id: home.siteId });
  await publish(home, 3);
  await here.hears(3);

  assert.deepEqual(here.heard(), { live: [1, 3], consumer: [1, 3] });
  assert.deepEqual(there.heard(), { live: [2], consumer: [2] });
  await Promise.all([here.close(), there.close()]);
});

test("a gateway that moves to another organization is heard there alone", async () => {
  const home = await createHome(hub);
  const buyer = await createHome(hub);
  const before = await openEars(home, { name: "Before" });
  const after = await openEars(buyer, { name: "After" });
  await publish(home, 1);
  await before.hears(1);
  await claimGateway(buyer.session, { orgId: buyer.orgId, gateway: home.gateway });
  const { hardwareId, der } = home.ders.meter;
  await createApi(hub.url, buyer.token)("POST", "/devices/provision", {
    gateway_serial: home.gateway.serial,
    hardware_id: hardwareId,
    device_type: "meter",
    site_id: buyer.siteId,
    ders: [{ name: der, type: "meter" }],
  });
  await publish(home, 2);
  await after.hears(2);

  assert.deepEqual(before.heard(), { live: [1], consumer: [1] });
  assert.deepEqual(after.heard(), { live: [2], consumer: [2] });
  await Promise.all([before.close(), after.close()]);
});

/** A back end that hears by a subscription and by a consumer; readings are told apart by their W. */
async function openEars(home: Home, options: BackEndOptions) {
  const backEnd = await createBackEnd(home, options);
  const api = createApi(hub.url, backEnd.loginJwt());
  const wish = { name: "all", org_id: home.orgId };
  const { stream, consumer } = await api("POST", "/nats/consumers", wish);
  const connection = await connectBackEnd(hub.natsUrl, backEnd);
  const conditions = createConditions();
  const live: number[] = [];
  const pulled: number[] = [];
  for (const subject of subjectsOf(home, options)) {
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) live.push(message.json<{ W: number }>().W);
        conditions.changed();
      },
    });
  }
  await connection.flush();
  const pulling = pull(connection, { stream, consumer }, (powerW) => {
    pulled.push(powerW);
    conditions.changed();
  });
  return {
    heard: () => ({ live, consumer: pulled }),
    hears: (powerW: number) =>
      conditions.until(
        `${options.name} hears ${powerW}`,
        () => live.includes(powerW) && pulled.includes(powerW),
      ),
    async close(): Promise<void> {
      await connection.close();
      await pulling;
    },
  };
}

function subjectsOf({ orgId }: Home, { siteIds }: BackEndOptions): string[] {
  return siteIds?.map((id) => `orgs.${orgId}.sites.${id}.>`) ?? [`orgs.${orgId}.>`];
}

async function pull(
  connection: NatsConnection,
  { stream, consumer }: { stream: string; consumer: string },
  onReading: (powerW: number) => void,
): Promise<void> {
  const found = await jetstream(connection, { domain: "hub" }).consumers.get(stream, consumer);
  for await (const message of await found.consume()) {
    onReading(message.json<{ W: number }>().W);
    message.ack();
  }
}

async function meterOf(home: Home): Promise<string> {
  const api = createApi(hub.url, home.token);
  const devices = await api("GET", `/sites/${home.siteId}/devices`);
  const { derId } = home.ders.meter;
  return devices.find(({ ders }: { ders: { id: string }[] }) => ders.some(({ id }) => id === derId))
    .id;
}

let timestamp = Date.now() - 60_000;

function publish(home: Home, powerW: number): Promise<void> {
  timestamp += 1;
  return home.publish("meter", { type: "meter", timestamp, W: powerW });
}
