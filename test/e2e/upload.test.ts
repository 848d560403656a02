import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { connect } from "@nats-io/transport-node";
import { type Answer, type Ask, createAsk, notFound, refusalOf } from "../support/ask.ts";
import { createConditions } from "../support/conditions.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { listen } from "../support/listener.ts";

let hub: TestHub;
let home: Home;
let ask: Ask;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
  ask = createAsk(hub.url);
});
after(async () => {
  await hub?.close();
});

test("gzipped NDJSON with one bad line is stored but for that line, which is kept with its reason", async () => {
  const listener = await listen(`${hub.url}/stream/sites/${home.siteId}`, home);
  const good = [-1, -2, -3].map((W, i) => JSON.stringify(solar(W, Date.now() + i)));
  const bad = '{"type":"pv","timestamp":';
  const lines = [good[0], bad, "", ...good.slice(1)].join("\n");
  const answer = await upload(gzipSync(lines), {
    ...{ "content-type": "application/x-ndjson", "content-encoding": "gzip" },
  });
  assert.equal(answer.status, 207);
  const { accepted, rejected, durability, results } = answer.body;
  assert.deepEqual([accepted, rejected, durability], [3, 1, "fsync"]);
  assert.deepEqual(
    results.map((result: { status: string }) => result.status),
    ["stored", "rejected", "stored", "stored"],
  );
  assert.equal(results[1].error, "reading_malformed");
  const powers = () => listener.readings().map((reading) => "W" in reading && reading.W);
  await listener.until("the good ones", () => powers().length === 3);
  assert.deepEqual(powers(), [-1, -2, -3]);
  const ids = listener.events.filter(({ event }) => event === "message").map(({ id }) => id);
  assert.deepEqual(
    ids,
    [0, 2, 3].map((index) => results[index].cursor),
  );
  const path = `/gateways/${home.gateway.serial}/rejections`;
  const rejections = await ask("GET", path, { token: home.token });
  const [{ error, original }] = rejections.body;
  assert.deepEqual([error, Buffer.from(original, "base64").toString()], ["reading_malformed", bad]);
  await listener.close();
});

test("an upload of one reading too many is refused as a whole, in a clear sentence", async () => {
  const now = Date.now();
  const readings = Array.from({ length: 10_001 }, (_, i) => solar(-1, now - i));
  const answer = await upload(readings);
  assert.deepEqual(refusalOf(answer), [413, "payload_too_large"]);
  assert.match(answer.body.message, /10001 readings; the limit is 10000 readings/);
});

test("an upload for a gateway other than the sender is refused, whoever sends it", async () => {
  const other = await createHome(hub);
  const sibling = home.ders["negated-battery"].gateway;
  const path = `/gateways/${home.gateway.serial}/telemetry`;
  const body = [solar(-1)];
  const foreigner = other.gateway.loginJwt();
  assert.deepEqual(refusalOf(await ask("POST", path, { token: foreigner, body })), notFound);
  const neighbour = sibling.loginJwt();
  assert.deepEqual(refusalOf(await ask("POST", path, { token: neighbour, body })), notFound);
  assert.deepEqual(refusalOf(await ask("POST", path, { token: home.token, body })), [
    403,
    "forbidden",
  ]);
  assert.deepEqual(refusalOf(await ask("POST", path, { body })), [401, "unauthenticated"]);
});

test("a batch over NATS is answered into the gateway's own inbox and nowhere else", async () => {
  const other = await createHome(hub);
  const [mine, theirs] = await Promise.all([connectGateway(home), connectGateway(other)]);
  const heard: string[] = [];
  const conditions = createConditions();
  theirs.subscribe(`_INBOX_${other.gateway.serial}.>`, {
    callback: (_error, message) => {
      heard.push(message.subject);
      conditions.changed();
    },
  });
  await theirs.flush();
  const batch = () => JSON.stringify([solar(-1)]);
  const subject = `gateways.${home.gateway.serial}.telemetry.batch`;
  const replies = [`_INBOX_${other.gateway.serial}.stolen`, `_INBOX_${home.gateway.serial}x.y`];
  for (const reply of replies) mine.publish(subject, batch(), { reply });
  const answer = await mine.request(subject, batch(), { timeout: 10_000 });
  assert.equal(answer.json<{ accepted: number }>().accepted, 1);
  // Its answer comes over the same connection of the hub as a stolen one would have before.
  const ownSubject = `gateways.${other.gateway.serial}.telemetry.batch`;
  const own = `_INBOX_${other.gateway.serial}.own`;
  theirs.publish(ownSubject, batch(), { reply: own });
  await conditions.until("its own answer", () => heard.length > 0);
  assert.deepEqual(heard, [own]);
  await Promise.all([mine.close(), theirs.close()]);
});

let lastTimestamp = 0;

/** A reading of the home's roof, as an upload carries it. */
function solar(W: number, timestamp = Date.now()): object {
  lastTimestamp = Math.max(timestamp, lastTimestamp + 1);
  const { hardwareId: hardware_id, der } = home.ders.solar;
  return { type: "pv", timestamp: lastTimestamp, W, hardware_id, der };
}

function upload(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const { serial } = home.gateway;
  const token = home.gateway.loginJwt();
  return ask("POST", `/gateways/${serial}/telemetry`, { token, headers, body });
}

function connectGateway({ gateway }: Home) {
  return connect({
    ...{ servers: hub.natsUrl, user: gateway.serial, pass: gateway.loginJwt(), reconnect: false },
    inboxPrefix: `_INBOX_${gateway.serial}`,
  });
}
