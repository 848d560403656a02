import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import type { EnrichedReading } from "@novacore/protocol";
import { type BackEnd, connectBackEnd, createBackEnd } from "../support/back-end.ts";
import { createConditions } from "../support/conditions.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";

let hub: TestHub;
let home: Home;
let backEnd: BackEnd;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
  backEnd = await createBackEnd(home);
});
after(() => hub?.close());

for (const transport of ["natsUrl", "websocketUrl"] as const) {
  describe(`a back end, ${transport}`, () => {
    test("hears every stored reading of its organization once, with its sequence", async () => {
      await using ear = await listen(await connectBackEnd(hub[transport], backEnd), allOf(home));
      const startMs = Date.now() - 60_000 * (transport === "natsUrl" ? 2 : 1);
      for (let i = 0; i < 20; i++) await home.publish("meter", reading(startMs + i));
      // Not stored again, and so not heard again.
      await assert.rejects(home.publish("meter", reading(startMs + 3)), /duplicate/);
      await home.publish("battery", { ...reading(startMs), type: "battery" });
      await ear.until("the last one", () => ear.heard.some(({ type }) => type === "battery"));
      assert.deepEqual(
        ear.heard.slice(0, 20).map(({ timestamp }) => timestamp),
        Array.from({ length: 20 }, (_, i) => startMs + i),
      );
      assert.equal(ear.heard.length, 21);
      const sequences = ear.messages.map(({ headers }) => Number(headers?.get("Nats-Sequence")));
      assert.deepEqual(
        sequences,
        [...sequences].sort((one, other) => one - other),
      );
      const [first, second] = ear.messages;
      const { meter } = home.ders;
      assert.match(String(first?.subject), new RegExp(`^orgs\\.${home.orgId}\\.sites\\..*`));
      assert.equal(first?.headers?.get("Nats-Msg-Id"), `${meter.derId}:${startMs}`);
      assert.equal(second?.headers?.get("Nats-Last-Sequence"), String(sequences[0]));
    });
  });
}

test("the members of a queue group share the readings", async () => {
  await using one = await listen(await connectBackEnd(hub.natsUrl, backEnd), allOf(home), "q");
  await using two = await listen(await connectBackEnd(hub.natsUrl, backEnd), allOf(home), "q");
  await using all = await listen(await connectBackEnd(hub.natsUrl, backEnd), allOf(home));
  const startMs = Date.now() - 200_000;
  for (let i = 0; i < 40; i++) await home.publish("meter", reading(startMs + i));
  await all.until("all of them", () => all.heard.length === 40);
  await Promise.all([one.flush(), two.flush()]);
  const shared = [...one.heard, ...two.heard].map(({ timestamp }) => timestamp);
  assert.deepEqual(
    shared.toSorted((first, second) => first - second),
    all.heard.map(({ timestamp }) => timestamp),
  );
  assert.ok(one.heard.length > 0 && two.heard.length > 0);
});

test("a back end limited to a site hears that site alone", async () => {
  const api = createApi(hub.url, home.token);
  const { id: siteId } = await api("POST", "/sites", { org_id: home.orgId, name: "Second" });
  const serial = home.gateway.serial;
  await api("POST", "/devices/provision", {
    ...{ gateway_serial: serial, hardware_id: "far:1", device_type: "meter", site_id: siteId },
    ders: [{ name: "grid", type: "meter" }],
  });
  const limited = await createBackEnd(home, { siteIds: [siteId] });
  const connection = await connectBackEnd(hub.natsUrl, limited);
  await using ear = await listen(connection, `orgs.${home.orgId}.sites.${siteId}.>`);
  const errors: string[] = [];
  for (const subject of [allOf(home), `orgs.${home.orgId}.sites.${home.siteId}.>`]) {
    connection.subscribe(subject, {
      callback: (error) => void errors.push(String(error?.message)),
    });
  }
  await connection.flush();
  const startMs = Date.now() - 30_000;
  await home.publish("meter", reading(startMs));
  const upload = createApi(hub.url, home.gateway.loginJwt());
  const body = [{ ...reading(startMs), hardware_id: "far:1", der: "grid" }];
  await upload("POST", `/gateways/${serial}/telemetry`, body);
  await ear.until("its own reading", () => ear.heard.length > 0);
  assert.deepEqual(
    ear.heard.map(({ site_id }) => site_id),
    [siteId],
  );
  assert.equal(errors.length, 2);
  for (const error of errors) assert.match(error, /permissions violation/i);
});

test("a back end whose sites change is cut off, and comes back to the new ones", async () => {
  const limited = await createBackEnd(home, { siteIds: [home.siteId] });
  const api = createApi(hub.url, home.token);
  const { id: siteId } = await api("POST", "/sites", { org_id: home.orgId, name: "Third" });
  const connection = await connectBackEnd(hub.natsUrl, limited, { reconnect: true });
  const member = `/organizations/${home.orgId}/members/${limited.id}`;
  const changed = api("PUT", member, { role: "viewer", site_ids: [siteId] });
  for await (const { type } of connection.status()) if (type === "reconnect") break;
  await changed;
  await using ear = await listen(connection, `orgs.${home.orgId}.sites.${siteId}.>`);
  assert.equal(ear.heard.length, 0);
  await assert.rejects(listen(connection, `orgs.${home.orgId}.sites.${home.siteId}.>`), /permi/i);
});

const allOf = ({ orgId }: Home) => `orgs.${orgId}.sites.*.devices.*.ders.*.telemetry.json.v1`;
const reading = (timestamp: number) => ({ type: "meter", timestamp, W: 1 });

/** Subscribes, and closes the connection with it. Rejects when it may not. */
async function listen(connection: NatsConnection, subject: string, queue?: string) {
  const messages: Msg[] = [];
  const heard: EnrichedReading[] = [];
  const conditions = createConditions();
  const refused = Promise.withResolvers<never>();
  refused.promise.catch(() => undefined);
  connection.subscribe(subject, {
    ...(queue !== undefined && { queue }),
    callback(error, message) {
      if (error !== null) return refused.reject(error);
      messages.push(message);
      heard.push(message.json());
      conditions.changed();
    },
  });
  await Promise.race([connection.flush(), refused.promise]);
  return {
    ...{ messages, heard },
    until: conditions.until,
    flush: () => connection.flush(),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
