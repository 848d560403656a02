import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { limits } from "../../packages/server/src/limits.ts";
import { type BackEnd, connectBackEnd, createBackEnd } from "../support/back-end.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";

/** Ten times what gets through until a flood is noticed. */
const floodMax = 300_000;

let hub: TestHub;
let home: Home;
before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

for (const [verb, payload] of [
  ["MSG.NEXT", '{"batch":1,"expires":60000000000}'],
  ["INFO", ""],
] as const) {
  test(`a back end that floods its consumer with ${verb} is cut off, the others stay`, async () => {
    const [flooder, colleague] = await Promise.all([connectReader(home), connectReader(home)]);
    const stranger = await connectReader(await createHome(hub));
    const subject = `$JS.hub.API.CONSUMER.${verb}.ENRICHED_TELEMETRY.${flooder.consumer}`;
    await publishUntilClosed(flooder, subject, payload);
    await assert.rejects(connectBackEnd(hub.natsUrl, flooder.backEnd), /authorization/i);
    for (const { connection } of [colleague, stranger]) {
      assert.equal(connection.isClosed(), false);
      await connection.close();
    }
  });
}

test("a back end that acknowledges thousands of readings a second stays", async () => {
  const reader = await connectReader(home);
  const { connection, consumer } = reader;
  const startMs = performance.now();
  const looks = 8;
  let sent = 0;
  while (performance.now() - startMs < looks * limits.backEndWatchMs) {
    await publishMany(connection, 100, `$JS.ACK.ENRICHED_TELEMETRY.${consumer}.1.1.1.1.0`, "");
    sent += 100;
  }
  const perSecond = (sent * 1000) / (performance.now() - startMs);
  assert.ok(perSecond > limits.backEndRequestsPerSecondMax, `only ${perSecond} a second`);
  assert.equal(connection.isClosed(), false);
  await connection.close();
});

test("a back end that replays as fast as it can stays", async () => {
  const readings = 2 * limits.batchReadingsMax;
  const ownHome = await createHome(hub);
  await upload(ownHome, readings);
  const backEnd = await createBackEnd(ownHome, { name: "Replay" });
  const api = createApi(hub.url, backEnd.loginJwt());
  const wish = {
    name: "replay",
    org_id: ownHome.orgId,
    since: Date.now() - 60_000,
    from_oldest: true,
  };
  const { stream, consumer } = await api("POST", "/nats/consumers", wish);
  const connection = await connectBackEnd(hub.natsUrl, backEnd);
  const { consumers } = jetstream(connection, { domain: "hub" });
  let left = readings;
  for await (const message of await (await consumers.get(stream, consumer)).consume()) {
    message.ack();
    left -= 1;
    if (left === 0) break;
  }
  assert.equal(left, 0);
  assert.equal(connection.isClosed(), false);
  await connection.close();
});

async function upload({ ders }: Home, count: number): Promise<void> {
  const { gateway, hardwareId, der } = ders.meter;
  const api = createApi(hub.url, gateway.loginJwt());
  const path = `/gateways/${gateway.serial}/telemetry`;
  const startMs = Date.now() - 3_600_000;
  for (let sent = 0; sent < count; sent += limits.batchReadingsMax) {
    const batch = Array.from({ length: limits.batchReadingsMax }, (_, i) => ({
      ...{ type: "meter", hardware_id: hardwareId, der },
      ...{ timestamp: startMs + sent + i, W: i },
    }));
    await api("POST", path, batch);
  }
}

interface Reader {
  readonly backEnd: BackEnd;
  readonly connection: NatsConnection;
  readonly consumer: string;
}

async function connectReader(at: Home): Promise<Reader> {
  const backEnd = await createBackEnd(at, { name: `Reader ${crypto.randomUUID()}` });
  const api = createApi(hub.url, backEnd.loginJwt());
  const { consumer } = await api("POST", "/nats/consumers", { name: "live", org_id: at.orgId });
  return { backEnd, consumer, connection: await connectBackEnd(hub.natsUrl, backEnd) };
}

async function publishUntilClosed(
  { connection, backEnd }: Reader,
  subject: string,
  payload: string,
): Promise<void> {
  const closed = connection.closed();
  const reply = `_INBOX_${backEnd.id}.x`;
  const portion = 500;
  for (let sent = 0; !connection.isClosed(); sent += portion) {
    assert.ok(sent < floodMax, `still connected after ${sent} requests`);
    // What was sent into a connection that is cut is answered by nobody.
    await Promise.race([closed, publishMany(connection, portion, subject, payload, reply)]);
  }
}

async function publishMany(
  connection: NatsConnection,
  count: number,
  subject: string,
  payload: string,
  reply?: string,
): Promise<void> {
  for (let i = 0; i < count; i++) {
    connection.publish(subject, payload, reply === undefined ? {} : { reply });
  }
  await connection.flush();
}
