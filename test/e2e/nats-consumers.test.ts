import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Consumer, jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { type Asker, askerOf, until } from "../../packages/server/test/rest/ask-until.ts";
import { type BackEnd, connectBackEnd, createBackEnd } from "../support/back-end.ts";
import { createConditions } from "../support/conditions.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";

const meter = (timestamp: number) => ({ type: "meter", timestamp, W: 1 });

/** As its own client library has it: JetStream of the hub's account is the domain "hub". */
function consumerOf(connection: NatsConnection, place: string): Promise<Consumer> {
  return jetstream(connection, { domain: "hub" }).consumers.get("ENRICHED_TELEMETRY", place);
}

interface Intake extends AsyncDisposable {
  /** Timestamps in the order of their arrival, each acknowledged. */
  readonly taken: readonly number[];
  /** Until so many different ones have arrived, those in `before` counted. */
  until(count: number, before?: readonly number[]): Promise<void>;
}

/** Reads on and on, as a back end does. */
async function takeFrom(connection: NatsConnection, place: string): Promise<Intake> {
  const messages = await (await consumerOf(connection, place)).consume();
  const taken: number[] = [];
  const conditions = createConditions();
  const reading = (async () => {
    for await (const message of messages) {
      await message.ackAck();
      taken.push(message.json<{ timestamp: number }>().timestamp);
      conditions.changed();
    }
  })();
  reading.catch((error: Error) => conditions.fail(error));
  return {
    taken,
    until: async (count, before = []) => {
      const isEnough = () => new Set([...before, ...taken]).size >= count;
      await conditions.until(`${count} readings`, isEnough);
    },
    async [Symbol.asyncDispose]() {
      await messages.close();
      await reading;
    },
  };
}

/** Reads so many, and no more. */
async function take(connection: NatsConnection, place: string, count: number): Promise<number[]> {
  const consumer = await consumerOf(connection, place);
  const messages = await consumer.fetch({ max_messages: count, expires: 20_000 });
  const taken: number[] = [];
  for await (const message of messages) {
    await message.ackAck();
    taken.push(message.json<{ timestamp: number }>().timestamp);
  }
  return taken;
}

describe("a back end's consumer", () => {
  let hub: TestHub;
  let home: Home;
  let backEnd: BackEnd;
  let ask: Asker;

  before(async () => {
    hub = await startHub();
    home = await createHome(hub);
    backEnd = await createBackEnd(home);
    ask = askerOf(hub.url, backEnd.loginJwt);
  });
  after(() => hub?.close());

  const make = async (body: object, asker = ask): Promise<string> => {
    const made = await asker("POST", "/nats/consumers", { org_id: home.orgId, ...body });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return made.body.consumer;
  };
  const pendingOf = async (name: string, asker = ask) => {
    const { body } = await asker("GET", `/nats/consumers/${name}`);
    return [body.pending, body.ack_pending];
  };

  for (const transport of ["natsUrl", "websocketUrl"] as const) {
    test(`replays the last hour and follows, exactly what was stored, ${transport}`, async () => {
      const startMs = Date.now() - 1_000_000;
      const sent = Array.from({ length: 60 }, (_, i) => startMs + i);
      const other = await createHome(hub);
      const reader = await createBackEnd(other);
      const readerAsk = askerOf(hub.url, reader.loginJwt);
      const follower = await make({ name: "follower", org_id: other.orgId }, readerAsk);
      for (const timestamp of sent.slice(0, 30)) await other.publish("meter", meter(timestamp));
      const hour = { name: "hour", types: ["meter"], since: Date.now() - 3_600_000 };
      const place = await make({ ...hour, org_id: other.orgId }, readerAsk);
      const connection = await connectBackEnd(hub[transport], reader);
      const intake = await takeFrom(connection, place);
      await intake.until(30);
      for (const timestamp of sent.slice(30)) await other.publish("meter", meter(timestamp));
      await intake.until(60);
      assert.deepEqual(intake.taken, sent);
      assert.deepEqual(await pendingOf("hour", readerAsk), [0, 0]);
      assert.deepEqual(await take(connection, follower, 60), sent);
      await intake[Symbol.asyncDispose]();
      await connection.close();
    });
  }

  test("carries id, sequence and a cursor that other transports resume from", async () => {
    const place = await make({ name: "headers" });
    const connection = await connectBackEnd(hub.natsUrl, backEnd);
    const consumer = await consumerOf(connection, place);
    const timestamp = Date.now();
    await home.publish("meter", meter(timestamp));
    const message = await consumer.next({ expires: 10_000 });
    assert.ok(message);
    await message.ackAck();
    assert.equal(message.headers?.get("Nats-Msg-Id"), `${home.ders.meter.derId}:${timestamp}`);
    await home.publish("meter", meter(timestamp + 1));
    const { body } = await ask("GET", "/nats/consumers/headers");
    const answer = await fetch(`${hub.url}/stream/sites/${home.siteId}?cursor=${body.delivered}`, {
      headers: { authorization: `Bearer ${home.token}` },
    });
    let events = "";
    for await (const chunk of answer.body ?? []) {
      events += Buffer.from(chunk).toString();
      if (events.includes("data:") && events.endsWith("\n\n")) break;
    }
    const [first] = [...events.matchAll(/^data: ?(.*)$/gm)].map(([, data]) =>
      JSON.parse(`${data}`),
    );
    assert.equal(first.timestamp, timestamp + 1);
    await connection.close();
  });

  test("belongs to its integration: another one's connection may not ask it", async () => {
    const place = await make({ name: "private", since: 0 });
    const neighbour = await createBackEnd(home);
    const stranger = await createBackEnd(await createHome(hub));
    for (const intruder of [neighbour, stranger]) {
      const connection = await connectBackEnd(hub.natsUrl, intruder);
      await assert.rejects(consumerOf(connection, place), /permissions violation/i);
      await connection.close();
    }
  });

  test("of an integration limited to a site replays and follows that site alone", async () => {
    const siteId = (
      await createApi(hub.url, home.token)("POST", "/sites", {
        ...{ org_id: home.orgId, name: "Cabin" },
      })
    ).id;
    await provision(siteId, "cabin:1", "meter");
    const limited = await createBackEnd(home, { siteIds: [siteId] });
    const limitedAsk = askerOf(hub.url, limited.loginJwt);
    const startMs = Date.now() - 200_000;
    await publishTo("cabin:1", startMs);
    await home.publish("meter", meter(startMs));
    const place = await make({ name: "cabin", since: 0 }, limitedAsk);
    const connection = await connectBackEnd(hub.natsUrl, limited);
    const intake = await takeFrom(connection, place);
    await intake.until(1);
    await home.publish("meter", meter(startMs + 1));
    await publishTo("cabin:1", startMs + 2);
    await intake.until(2);
    assert.deepEqual(intake.taken, [startMs, startMs + 2]);
    assert.deepEqual(await pendingOf("cabin", limitedAsk), [0, 0]);
    await intake[Symbol.asyncDispose]();
    await connection.close();
  });

  test("brings nothing more of a site that its integration may not see any more", async () => {
    const owner = createApi(hub.url, home.token);
    const { id: siteId } = await owner("POST", "/sites", { org_id: home.orgId, name: "Sold" });
    await provision(siteId, "sold:1", "meter");
    const limited = await createBackEnd(home, { siteIds: [home.siteId, siteId] });
    const limitedAsk = askerOf(hub.url, limited.loginJwt);
    const place = await make({ name: "narrowed" }, limitedAsk);
    const startMs = Date.now() - 300_000;
    await home.publish("meter", meter(startMs));
    await publishTo("sold:1", startMs + 1);
    const connection = await connectBackEnd(hub.natsUrl, limited);
    const consumer = await consumerOf(connection, place);
    const refused = await consumer.fetch({ max_messages: 2, expires: 10_000 });
    for await (const message of refused) message.nak();
    await connection.flush();
    await owner("PUT", `/organizations/${home.orgId}/members/${limited.id}`, {
      ...{ role: "viewer", site_ids: [home.siteId] },
    });
    await until("one site is left to read", async () => {
      const { body } = await limitedAsk("GET", "/nats/consumers/narrowed");
      return body.filter_subjects === 1 && body.pending === 1 && body.ack_pending === 0;
    });
    const back = await connectBackEnd(hub.natsUrl, limited);
    assert.deepEqual(await take(back, place, 1), [startMs]);
    assert.deepEqual(await pendingOf("narrowed", limitedAsk), [0, 0]);
    await back.close();
    await connection.close();
  });

  test("misses nothing of a DER that starts to report at once", async () => {
    const place = await make({ name: "growing", types: ["meter"] });
    const connection = await connectBackEnd(hub.natsUrl, backEnd);
    const intake = await takeFrom(connection, place);
    const startMs = Date.now() - 100_000;
    const sent: number[] = [];
    for (let device = 0; device < 4; device++) {
      await provision(home.siteId, `growing:${device}`, "meter");
      for (let i = 0; i < 10; i++) {
        const timestamp = startMs + sent.length;
        await publishTo(`growing:${device}`, timestamp);
        sent.push(timestamp);
      }
    }
    await until("nothing is left", async () => {
      const [pending, unacknowledged] = await pendingOf("growing");
      return pending === 0 && unacknowledged === 0 && new Set(intake.taken).size === sent.length;
    });
    assert.deepEqual([...new Set(intake.taken)].sort(), sent);
    await intake[Symbol.asyncDispose]();
    await connection.close();
  });

  test("is read again from the position that it is reset to", async () => {
    const place = await make({ name: "again" });
    const connection = await connectBackEnd(hub.natsUrl, backEnd);
    const startMs = Date.now() - 50_000;
    for (let i = 0; i < 3; i++) await home.publish("meter", meter(startMs + i));
    const all = [startMs, startMs + 1, startMs + 2];
    assert.deepEqual(await take(connection, place, 3), all);
    const { body } = await ask("GET", "/nats/consumers/again");
    const reset = await ask("POST", "/nats/consumers/again/reset", { cursor: body.starts_at });
    assert.deepEqual([reset.status, reset.body.consumer], [200, place]);
    assert.deepEqual(await take(connection, place, 3), all);
    await connection.close();
  });

  async function provision(siteId: string, hardwareId: string, type: string) {
    await createApi(hub.url, home.token)("POST", "/devices/provision", {
      ...{ gateway_serial: home.gateway.serial, hardware_id: hardwareId, device_type: type },
      ...{ site_id: siteId, ders: [{ name: "grid", type: "meter" }] },
    });
  }

  async function publishTo(hardwareId: string, timestamp: number) {
    const upload = createApi(hub.url, home.gateway.loginJwt());
    const body = [{ ...meter(timestamp), hardware_id: hardwareId, der: "grid" }];
    const { results } = await upload("POST", `/gateways/${home.gateway.serial}/telemetry`, body);
    assert.equal(results[0].status, "stored", JSON.stringify(results));
  }
});

test("a consumer goes on where it was after hub and nats-server were killed", async () => {
  const hub: HubProcess = await startHubProcess();
  try {
    const home = await createHome(hub);
    const backEnd = await createBackEnd(home);
    const ask = askerOf(hub.url, backEnd.loginJwt);
    const made = await ask("POST", "/nats/consumers", {
      ...{ name: "durable", org_id: home.orgId, types: ["meter"], start: "new" },
    });
    const startMs = Date.now() - 60_000;
    for (let i = 0; i < 10; i++) await home.publish("meter", meter(startMs + i));
    const first = await connectBackEnd(hub.natsUrl, backEnd);
    const taken = await take(first, made.body.consumer, 4);
    await first.close();
    await hub.kill();
    await hub.start();
    for (let i = 10; i < 15; i++) await home.publish("meter", meter(startMs + i));
    const { body: kept } = await ask("GET", "/nats/consumers/durable");
    assert.deepEqual(
      [kept.consumer, kept.starts_at, kept.filter_subjects],
      [made.body.consumer, made.body.starts_at, made.body.filter_subjects],
    );
    const second = await connectBackEnd(hub.natsUrl, backEnd);
    const intake = await takeFrom(second, made.body.consumer);
    // nats-server writes to disk a little later how far a consumer is than it answers for it, so that
    // the first four may come again.
    const all = Array.from({ length: 15 }, (_, i) => startMs + i);
    await intake.until(all.length, taken);
    assert.deepEqual([...new Set([...taken, ...intake.taken])].sort(), all);
    await intake[Symbol.asyncDispose]();
    await second.close();
  } finally {
    await hub.close();
  }
});
