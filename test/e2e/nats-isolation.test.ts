import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { NatsConnection } from "@nats-io/transport-node";
import fc from "fast-check";
import { connectAsync } from "mqtt";
import { type BackEnd, connectBackEnd, createBackEnd } from "../support/back-end.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { createIntruder, type Intruder } from "../support/intruder.ts";
import { addConsumer, createVictim, hubManager, type Victim } from "../support/victim.ts";

import {
  apiAttempts,
  consumerAttempts,
  isOwn,
  plainSubjects,
  replySubjects,
  type Sides,
  subjectArbitrary,
} from "./nats-attempts.ts";

/**
 * Organization A, with valid credentials, against organization B: nothing of B is read, changed or
 * disturbed. Every attempt must be refused, one by one, so that this fails when a permission grows.
 */
const stream = "ENRICHED_TELEMETRY";
let hub: TestHub;
let victim: Victim;
let home: Home;
let backEnd: BackEnd;
let consumer: string;
let asHub: Awaited<ReturnType<typeof hubManager>>;

before(async () => {
  hub = await startHub();
  victim = await createVictim(hub);
  home = await createHome(hub);
  backEnd = await createBackEnd(home);
  consumer = `${backEnd.id}_0`;
  asHub = await hubManager(hub);
});
after(async () => {
  await asHub?.connection.close();
  await victim?.[Symbol.asyncDispose]();
  await hub?.close();
});

for (const transport of ["natsUrl", "websocketUrl"] as const) {
  describe(`a back end of another organization, ${transport}`, () => {
    let connection: NatsConnection;
    let intruder: Intruder;
    before(async () => {
      connection = await connectBackEnd(hub[transport], backEnd);
      intruder = createIntruder(connection);
    });
    after(() => connection?.close());

    test("hears nothing but its own organization and inbox", async () => {
      const { orgId, siteId, gateway } = victim.home;
      const subjects = [
        ...[">", "*", "*.>", "orgs.>", "orgs.*", "orgs.*.>", "orgs.*.sites.>", "orgs", "*.*"],
        ...[`orgs.${orgId}.>`, `orgs.${orgId}`, `orgs.${orgId}.sites.${siteId}.>`],
        `orgs.${orgId}.sites.*.devices.*.ders.*.telemetry.json.v1`,
        ...[`orgs.${home.orgId}`, `orgs.${home.orgId}x.>`, `*.${home.orgId}.>`],
        ...["live.>", "live.orgs.>", `live.orgs.${orgId}.>`, `live.orgs.${home.orgId}.>`],
        ...[
          "_INBOX.>",
          `_INBOX_${victim.backEnd.id}.>`,
          "_HUB_INBOX.>",
          `_INBOX_${gateway.serial}.>`,
        ],
        ...["gateways.>", `gateways.${gateway.serial}.>`, `gateways.${home.gateway.serial}.>`],
        ...["$JS.>", "$JS.API.>", "$JS.hub.API.>", "$JS.ACK.>", `$JS.ACK.${stream}.${consumer}.>`],
        ...["$JS.EVENT.>", "$SYS.>", "$KV.>", "$O.>", "$MQTT.>", "$SRV.>", "_R_.>", "_GR_.>"],
        ...["novacore.>", "rejected.>", "$JSC.>", "$NRG.>", "$LDS.>", "_INBOX_*.>"],
      ];
      assert.deepEqual(await intruder.hears(subjects), []);
      await victim.isUndisturbed();
      assert.deepEqual(intruder.got, []);
    });

    test("says nothing but requests to its own consumers", async () => {
      assert.deepEqual(
        await intruder.says(plainSubjects(sides()).map((subject) => ({ subject }))),
        [],
      );
      await victim.isUndisturbed();
    });

    test("has no verb of JetStream's API, under either prefix, with whatever name", async () => {
      assert.deepEqual(await intruder.says(apiAttempts(sides(), backEnd)), []);
      await victim.isUndisturbed();
    });

    test("reaches no consumer of the other organization, nor by an acknowledgement", async () => {
      assert.deepEqual(await intruder.says(consumerAttempts(sides(), backEnd)), []);
      await victim.isUndisturbed();
    });

    test("cannot make the server write into the other's subjects by a reply subject", async () => {
      await ownReadings();
      const next = `$JS.hub.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
      const info = `$JS.hub.API.CONSUMER.INFO.${stream}.${consumer}`;
      const acknowledged = `$JS.ACK.${stream}.${consumer}.1.1.1.1.0`;
      for (const reply of replySubjects(sides())) {
        await intruder.says([
          ...["", "3", '{"batch":3,"no_wait":true}'].map((payload) => ({
            subject: next,
            payload,
            reply,
          })),
          { subject: info, reply },
          ...["+NXT", '+NXT {"batch":3}', "+ACK", "-NAK"].map((payload) => ({
            ...{ subject: acknowledged, payload, reply },
          })),
          // Tells where a message went; the server writes it to the subject that is named.
          { subject: next, payload: "1", headers: { "Nats-Trace-Dest": reply } },
        ]);
      }
      // The consumer takes requests in their order: this one's answer comes after all others'.
      await connection.request(next, '{"batch":1,"no_wait":true}');
      await victim.isUndisturbed();
    });

    test("has no more than these subjects, whatever fast-check makes up", async () => {
      const attempt = fc.array(subjectArbitrary(sides()), { minLength: 50, maxLength: 50 });
      await fc.assert(
        fc.asyncProperty(attempt, async (subjects) => {
          const foreign = subjects.filter((subject) => !isOwn(subject, backEnd));
          const plain = foreign.filter((subject) => !/[*>]/.test(subject));
          assert.deepEqual(await intruder.hears(foreign), []);
          assert.deepEqual(await intruder.says(plain.map((subject) => ({ subject }))), []);
        }),
        { numRuns: 40 },
      );
      await victim.isUndisturbed();
    });
  });
}

describe("a back end limited to a site", () => {
  test("hears no other site, and neither its colleague's inbox nor its consumers", async () => {
    const api = createApi(hub.url, home.token);
    const { id: siteId } = await api("POST", "/sites", { org_id: home.orgId, name: "Annex" });
    const limited = await createBackEnd(home, { siteIds: [siteId] });
    const connection = await connectBackEnd(hub.natsUrl, limited);
    const intruder = createIntruder(connection);
    const { orgId } = home;
    const subjects = [
      ...[`orgs.${orgId}.>`, `orgs.${orgId}.sites.*.>`, `orgs.${orgId}.sites.${home.siteId}.>`],
      ...[`_INBOX_${backEnd.id}.>`, `_INBOX_${backEnd.id}.*`, "_INBOX_>"],
    ];
    assert.deepEqual(await intruder.hears(subjects), []);
    assert.deepEqual(
      await intruder.says([
        ...apiAttempts(sides(), limited),
        ...consumerAttempts(sides(), limited),
        { subject: `$JS.hub.API.CONSUMER.MSG.NEXT.${stream}.${consumer}` },
        { subject: `$JS.ACK.${stream}.${consumer}.1.1.1.1.0` },
        { subject: `_INBOX_${backEnd.id}.x` },
      ]),
      [],
    );
    await connection.close();
  });

  test("is not let in once its last site is gone: no site is not every site", async () => {
    const api = createApi(hub.url, home.token);
    const { id: siteId } = await api("POST", "/sites", { org_id: home.orgId, name: "Gone" });
    const limited = await createBackEnd(home, { siteIds: [siteId] });
    await (await connectBackEnd(hub.natsUrl, limited)).close();
    await api("DELETE", `/sites/${siteId}`);
    await assert.rejects(connectBackEnd(hub.natsUrl, limited), /authorization/i);
  });
});

test("over MQTT a back end is not let in, and a gateway reaches nothing of the other's", async () => {
  const options = { protocolVersion: 4, reconnectPeriod: 0 } as const;
  const login = { username: backEnd.id, password: backEnd.loginJwt() };
  await assert.rejects(connectAsync(hub.mqttUrl, { ...options, ...login }), /not authorized/i);

  const { serial, loginJwt } = home.gateway;
  const client = await connectAsync(hub.mqttUrl, {
    ...{ ...options, username: serial, password: loginJwt() },
  });
  const got: string[] = [];
  client.on("message", (topic) => got.push(topic));
  const { orgId, gateway } = victim.home;
  const topics = [
    ...["#", "+/#", "orgs/#", `orgs/${orgId}/#`, "live/#", `_INBOX_${victim.backEnd.id}/#`],
    ...["gateways/#", `gateways/${gateway.serial}/#`, "$SYS/#", "$JS/#", "$KV/#"],
  ];
  for (const topic of topics) {
    await assert.rejects(client.subscribeAsync(topic, { qos: 1 }), topic);
  }
  for (const subject of plainSubjects(sides())) {
    await client.publishAsync(subject.replaceAll(".", "/"), "x", { qos: 0 });
  }
  await victim.isUndisturbed();
  assert.deepEqual(got, []);
  await client.endAsync(true);
});

/** Readings of its own that look like requests, for the consumer to hand out. */
async function ownReadings(): Promise<void> {
  await addConsumer(asHub.manager, consumer, home.orgId, "explicit");
  const startMs = Date.now() - 1_000_000 - Math.round(Math.random() * 1_000_000);
  for (let i = 0; i < 40; i++) {
    const request = { batch: 5, no_wait: true, expires: 1_000_000_000 };
    await home.publish("meter", { type: "meter", timestamp: startMs + i, W: 1, ...request });
  }
}

const sides = (): Sides => ({ victim, home, backEnd });
