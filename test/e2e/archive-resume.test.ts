import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { encodeCursor } from "@novacore/protocol";
import { connectHub } from "../../packages/server/src/nats/connection.ts";
import { loadHubKeys } from "../../packages/server/src/nats/hub-keys.ts";
import { openRegistry, type Registry } from "../../packages/server/src/registry/database.ts";
import { createAsk } from "../support/ask.ts";
import { createConditions } from "../support/conditions.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { listen, type StreamEvent } from "../support/listener.ts";
import { type Frame, openSocket } from "../support/socket.ts";

const stream = "ENRICHED_TELEMETRY";
/** What the stream keeps; more than is stored here between two looks of the archive. */
const keptMax = 60;

let hub: TestHub;
let home: Home;
let registry: Registry;
let connection: NatsConnection;
let manager: JetStreamManager;
/** Everything that was stored, in order, as nats-server itself tells it: no listener's ring has it. */
const stored: Heard[] = [];
const conditions = createConditions();
let published = 0;

interface Heard {
  readonly cursor: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests read readings as a client without types does
  readonly reading: Record<string, any>;
}

before(async () => {
  hub = await startHub({ NOVACORE_ARCHIVE_INTERVAL: "0.1" });
  home = await createHome(hub);
  registry = await openRegistry({ dataDir: hub.dataDir, databaseUrl: undefined });
  const keys = loadHubKeys(hub.dataDir);
  connection = await connectHub({ natsUrl: hub.natsUrl, keys }, "HUB", "test");
  manager = await jetstreamManager(connection, { checkAPI: false });
  await witness();
  // The meter falls silent after the first of them.
  await publish(home, "meter", 3);
  for (let round = 0; round < 20; round++) {
    await publish(home, "solar", 3);
    await publish(home, "battery", 2);
  }
  await publishLate();
  await loseBeginning();
});

after(async () => {
  await connection?.close();
  await registry?.close();
  await hub?.close();
});

async function witness(): Promise<void> {
  const { created } = await manager.streams.info(stream);
  const epoch = Date.parse(created);
  connection.subscribe(`live.orgs.${home.orgId}.>`, {
    callback: (_error, message) => {
      const sequence = Number(message.headers?.get("Nats-Sequence"));
      stored.push({ cursor: encodeCursor({ epoch, sequence }), reading: message.json() });
      conditions.changed();
    },
  });
  await connection.flush();
}

async function publish(of: Home, der: "solar" | "battery" | "meter", count: number) {
  const type = { solar: "pv", battery: "battery", meter: "meter" }[der];
  for (let i = 0; i < count; i++) {
    const timestamp = Date.now() - 60_000 + published;
    published++;
    await of.publish(der, { type, timestamp, W: -published, firmware: "1.2", note: `"${i}"\n` });
  }
}

async function publishLate() {
  published++;
  await home.publish("battery", { type: "battery", timestamp: Date.now() - 3_600_000, W: 5 });
}

/** The stream drops its beginning, once that is archived. */
async function loseBeginning(): Promise<void> {
  await archived();
  const { config } = await manager.streams.info(stream);
  await manager.streams.update(stream, { ...config, max_msgs: keptMax });
  const { state } = await manager.streams.info(stream);
  assert.ok(state.first_seq > 20 && state.messages <= keptMax, "the stream has lost its beginning");
}

async function archived(): Promise<void> {
  const { created, state } = await manager.streams.info(stream);
  await until("everything is archived", async () => {
    const [position] = await registry.manifest.positionsOf(stream);
    return position?.epoch === Date.parse(created) && position.sequence >= state.last_seq;
  });
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`${what}: did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const heard = (events: readonly StreamEvent[]): Heard[] =>
  events
    .filter(({ event }) => event === "message")
    .map(({ id, data }) => ({ cursor: id, reading: JSON.parse(data) }));

async function truth(): Promise<readonly Heard[]> {
  await conditions.until("the witness has heard all", () => stored.length === published);
  await archived();
  return [...stored];
}

async function cursorAt(sequence: number): Promise<string> {
  const { created } = await manager.streams.info(stream);
  return encodeCursor({ epoch: Date.parse(created), sequence });
}

// First of all, as nothing is in the memory of the hub yet: what is there comes as it is.
test("where the newest counts, a DER that is silent since comes from the archive, each once", async () => {
  const all = await truth();
  const query = `mode=latest&cursor=${await cursorAt(0)}&events=all`;
  const listener = await listen(`${hub.url}/stream/sites/${home.siteId}?${query}`, home);
  await listener.until("live", () => listener.events.some(({ event }) => event === "caught_up"));
  const { meter, solar, battery } = home.ders;
  const newest = [meter, solar, battery].map(({ derId }) =>
    all
      .filter(({ reading }) => reading.der_id === derId)
      .reduce((a, b) => (b.reading.timestamp > a.reading.timestamp ? b : a)),
  );
  const byDer = (list: readonly Heard[]) =>
    list.map(({ reading }) => reading).toSorted((a, b) => (a.der_id < b.der_id ? -1 : 1));
  assert.deepEqual(byDer(heard(listener.events)), byDer(newest));
  await listener.close();
});

test("SSE: a cursor older than the stream goes on through the archive and the stream to live", async () => {
  const before = await truth();
  const from = before[4];
  assert.ok(from);
  const path = `/stream/sites/${home.siteId}?events=all`;
  const listener = await listen(hub.url + path, { ...home, lastEventId: from.cursor });
  // Readings keep coming while it catches up, and the stream goes on losing its beginning.
  await publish(home, "solar", 40);
  await listener.until("live", () => listener.events.some(({ event }) => event === "caught_up"));
  await publish(home, "battery", 3);
  const all = await truth();
  await listener.until("all of it", () => heard(listener.events).length === all.length - 5);
  assert.deepEqual(heard(listener.events), all.slice(5));
  assert.deepEqual(
    listener.events.filter(({ event }) => event === "reset"),
    [],
  );
  await listener.close();
});

test("WebSocket: the same, by filters and at the pace that the client gives credit", async () => {
  const socket = await openSocket(hub.url, home);
  const { derId } = home.ders.battery;
  socket.send({ op: "credit", n: 2 });
  socket.send({ op: "subscribe", id: "all", sites: [home.siteId], cursor: await cursorAt(2) });
  const readings = (id: string) =>
    socket
      .ops("reading")
      .filter((frame) => frame.id === id)
      .map(({ cursor, reading }: Frame) => ({ cursor, reading }));
  await socket.until("two", () => readings("all").length === 2);
  await publish(home, "solar", 5);
  const all = await truth();
  assert.equal(readings("all").length, 2);
  socket.send({ op: "credit", n: 1_000 });
  await socket.until("the rest", () => readings("all").length === all.length - 2);
  assert.deepEqual(readings("all"), all.slice(2));
  socket.send({ op: "subscribe", id: "one", ders: [derId], cursor: await cursorAt(0) });
  const ofBattery = all.filter(({ reading }) => reading.der_id === derId);
  await socket.until("one DER", () => readings("one").length === ofBattery.length);
  assert.deepEqual(readings("one"), ofBattery);
  await publish(home, "battery", 1);
  const [last] = (await truth()).slice(-1);
  await socket.until("live", () => readings("one").length === ofBattery.length + 1);
  assert.deepEqual(readings("one").at(-1), last);
  assert.deepEqual(socket.ops("reset"), []);
  await socket.close();
});

test("since takes a time that lies before the stream, by when readings arrived", async () => {
  const all = await truth();
  const from = all[9]?.reading.received_at;
  for (const [since, expected] of [
    [0, all],
    [from, all.filter(({ reading }) => reading.received_at >= from)],
  ] as const) {
    const listener = await listen(`${hub.url}/stream/orgs/${home.orgId}?since=${since}`, home);
    await listener.until("all", () => heard(listener.events).length >= expected.length);
    assert.deepEqual(heard(listener.events), expected);
    assert.deepEqual(
      listener.comments.filter((comment) => comment.startsWith("reset")),
      [],
    );
    await listener.close();
  }
});

test("nobody gets what is another organization's out of the archive, nor what is not granted", async () => {
  const other = await createHome(hub);
  const ask = createAsk(hub.url);
  const path = `/stream/sites/${home.siteId}?cursor=${await cursorAt(0)}`;
  assert.equal((await ask("GET", path, { token: other.token })).status, 404);
  const own = await listen(`${hub.url}/stream/orgs/${other.orgId}?since=0&events=all`, other);
  await own.until("live", () => own.events.some(({ event }) => event === "caught_up"));
  assert.deepEqual(own.readings(), []);
  await own.close();
});

test("a NATS consumer cannot begin there, and is told where the older readings are", async () => {
  const integration = await createAsk(hub.url)(
    "POST",
    `/organizations/${home.orgId}/integrations`,
    { token: home.token, body: { name: "Old", scopes: ["telemetry:read"], generate: true } },
  );
  assert.equal(integration.status, 201, integration.text);
  const { status, body } = await createAsk(hub.url)("POST", "/nats/consumers", {
    token: home.token,
    body: {
      ...{ name: "old", org_id: home.orgId, integration_id: integration.body.id },
      cursor: await cursorAt(1),
    },
  });
  assert.equal(status, 410);
  assert.equal(body.error, "cursor_expired");
  assert.match(body.message, /\/sites\/\{id\}\/telemetry/);
  assert.match(body.message, /SSE or WebSocket/);
});
