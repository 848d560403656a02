import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/limits.ts";
import { StreamHub, until } from "./stream-hub.ts";
import { WsClient } from "./ws-client.ts";

const sites = ["sit-1", "sit-2"];

async function start(t: Parameters<typeof StreamHub.start>[0], now?: () => number) {
  const hub = await StreamHub.start(t, now ? { now } : {});
  hub.access.orgs.set("org-1", new Set(sites));
  return hub;
}

test("a refresh goes on beyond the end of the first token", async (t) => {
  let nowMs = 1_000_000;
  const hub = await start(t, () => nowMs);
  const endsMs = nowMs + limits.tokenWarningMs + 1_000;
  const client = await WsClient.open({ port: hub.port, identity: `idt-1@${endsMs}` });
  await client.subscribe("s", { sites });
  nowMs += 2_000;
  assert.deepEqual(await client.untilOp("token_expiring"), {
    ...{ op: "token_expiring", expires_at: new Date(endsMs).toISOString() },
  });
  const laterMs = nowMs + limits.tokenWarningMs + 60_000;
  client.send({ op: "refresh", token: `idt-1@${laterMs}` });
  const answer = await client.untilOp("authenticated", 2);
  assert.equal(answer.expires_at, new Date(laterMs).toISOString());
  nowMs += limits.tokenWarningMs + 59_000;
  await client.untilOp("token_expiring", 2);
  await hub.publish({ site: "sit-1" }, { W: 1 });
  await client.untilReadings(1);
  assert.equal(client.isClosed, false);
  nowMs += 2_000;
  await until(() => client.isClosed, "the second token ends too");
  assert.equal(client.closeCode, 4001);
  assert.equal(client.codes()[0], "token_expired");
});

test("a refresh by another identity, or by nobody, changes nothing", async (t) => {
  const hub = await start(t);
  const client = await WsClient.open({ port: hub.port });
  await client.subscribe("s", { sites });
  client.send({ op: "refresh", token: "idt-2" });
  client.send({ op: "refresh", token: "nobody" });
  await client.untilOp("error", 2);
  assert.deepEqual(client.codes(), ["forbidden", "unauthenticated"]);
  await hub.publish({ site: "sit-1" }, { W: 1 });
  await client.untilReadings(1);
  hub.access.revoke("idt-2");
  await client.roundTrip();
  assert.equal(client.isClosed, false);
});

test("a ticket for fewer sites ends the subscriptions of the others, and those alone", async (t) => {
  const hub = await start(t);
  const client = await WsClient.open({ port: hub.port });
  await client.subscribe("one", { sites: ["sit-1"] });
  await client.subscribe("two", { sites: ["sit-2"] });
  await hub.publish({ site: "sit-2" }, { W: 1 });
  await client.untilReadings(1);
  const { ticket } = await hub.access.issueTicket({ identityId: "idt-1" }, ["sit-1"]);
  client.send({ op: "refresh", ticket });
  const error = await client.untilOp("error");
  assert.deepEqual([error.id, error.code], ["two", "ticket_invalid"]);
  assert.equal(error.cursor, client.ops("reading")[0]?.cursor);
  await hub.publish({ site: "sit-2" }, { W: 2 });
  await hub.publish({ site: "sit-1" }, { W: 3 });
  await until(() => client.numbersOf("one").includes(3), "the other one goes on");
  assert.deepEqual(client.numbersOf("two"), [1]);
  // With more sites again, it resumes where it was ended.
  client.send({ op: "refresh", token: "idt-1" });
  await client.subscribe("two", { sites: ["sit-2"], cursor: error.cursor });
  await until(() => client.numbersOf("two").length === 2, "the rest has come");
  assert.deepEqual(client.numbersOf("two"), [1, 2]);
});

test("a revoked identity's sockets are closed for good, strangers' and others' are not", async (t) => {
  const hub = await start(t);
  const revoked = await WsClient.open({ port: hub.port });
  await revoked.subscribe("s", { sites });
  const other = await WsClient.open({ port: hub.port, identity: "idt-2" });
  const stranger = await WsClient.open({ port: hub.port, identity: "" });
  hub.access.revoke("idt-1");
  await until(() => revoked.isClosed, "it is closed");
  assert.deepEqual([revoked.codes(), revoked.closeCode], [["identity_revoked"], 4504]);
  await Promise.all([other.roundTrip(), stranger.roundTrip()]);
});

test("a shutdown tells each subscription's cursor and when to come back", async (t) => {
  const hub = await start(t);
  const client = await WsClient.open({ port: hub.port });
  await client.subscribe("one", { sites: ["sit-1"] });
  await client.subscribe("two", { sites: ["sit-2"] });
  const idle = await WsClient.open({ port: hub.port });
  await hub.publish({ site: "sit-1" }, { W: 1 });
  await hub.publish({ site: "sit-2" }, { W: 2 });
  await client.untilReadings(2);
  // Nothing more was stored: both resume from there, also the one that heard nothing last.
  const cursors = { one: client.cursorOf("two"), two: client.cursorOf("two") };
  await hub.app.close();
  await until(() => client.isClosed && idle.isClosed, "both are closed");
  const [error] = client.ops("error");
  assert.deepEqual([error?.code, client.closeCode], ["going_away", 4006]);
  assert.deepEqual(error?.cursors, cursors);
  assert.ok(client.retryMs >= 500 && client.retryMs <= 5_000);
  assert.equal(idle.ops("error")[0]?.cursors, undefined);
});

test("a socket with one subscription is closed with the cursor in the reason", async (t) => {
  const hub = await start(t);
  const client = await WsClient.open({ port: hub.port });
  await client.subscribe("s", { sites });
  await hub.publish({ site: "sit-1" }, { W: 1 });
  await client.untilReadings(1);
  hub.access.revoke("idt-1");
  await until(() => client.isClosed, "it is closed");
  assert.equal(client.closeReason, `identity_revoked cursor=${client.cursorOf("s")}`);
});
