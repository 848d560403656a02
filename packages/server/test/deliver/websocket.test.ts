import assert from "node:assert/strict";
import { test } from "node:test";
import { webSocketProtocol } from "@novacore/protocol";
import { WebSocket } from "ws";
import { limits } from "../../src/limits.ts";
import { StreamHub, until } from "./stream-hub.ts";
import { WsClient } from "./ws-client.ts";

const path = "/stream/sites/sit-1";

test("hello, authenticated, subscribed, then readings, each with its cursor", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1"]));
  const client = await WsClient.open({ port: hub.port, path });
  await hub.publish({ site: "sit-1" }, { W: 1 });
  await hub.publish({ site: "sit-1" }, { W: 2 });
  await client.untilReadings(2);
  const ops = client.frames.map(({ op }) => op);
  assert.deepEqual(ops, ["hello", "authenticated", "subscribed", "reading", "reading"]);
  const [hello] = client.ops("hello");
  assert.equal(hello?.protocol, webSocketProtocol);
  assert.equal(client.webSocket.protocol, webSocketProtocol);
  const cursors = client.frames.slice(2).map(({ cursor }) => cursor);
  assert.deepEqual(cursors, [...new Set(cursors)].toSorted());
  client.close();
  await until(() => hub.counts.listeners === 0, "the hub has noticed");
  assert.equal(hub.delivery.usage.subscribers, 0);
});

test("a header, a ticket in the address and a first frame let the same client in", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1"]));
  const { ticket } = await hub.access.issueTicket({ identityId: "idt-1" }, ["sit-1"]);
  const header = await WsClient.open({ port: hub.port, path });
  const address = await WsClient.open({
    ...{ port: hub.port, path: `${path}?ticket=${ticket}`, identity: "" },
  });
  const byToken = await WsClient.open({ port: hub.port, identity: "" });
  byToken.send({ op: "auth", token: "idt-1" });
  const byTicket = await WsClient.open({ port: hub.port, identity: "" });
  byTicket.send({ op: "auth", ticket });
  for (const client of [byToken, byTicket]) await client.subscribe("s", { sites: ["sit-1"] });
  await hub.publish({ site: "sit-1" }, { W: 1 });
  for (const client of [header, address, byToken, byTicket]) {
    await client.untilReadings(1);
    assert.equal(client.ops("authenticated")[0]?.identity_id, "idt-1");
  }
});

test("who has not said who is there within five seconds is sent away, others stay", async (t) => {
  let nowMs = Date.now();
  const hub = await StreamHub.start(t, { now: () => nowMs });
  const silent = await WsClient.open({ port: hub.port, identity: "" });
  const known = await WsClient.open({ port: hub.port, identity: "" });
  known.send({ op: "auth", token: "idt-1" });
  await known.untilOp("authenticated");
  nowMs += limits.socketAuthMs - 1_000;
  await Promise.all([silent.roundTrip(), known.roundTrip()]);
  assert.equal(silent.isClosed, false);
  nowMs += 1_100;
  await until(() => silent.isClosed, "it is closed");
  assert.deepEqual(silent.codes(), ["auth_timeout"]);
  assert.equal(silent.closeCode, 4007);
  await known.roundTrip();
  assert.equal(known.isClosed, false);
});

test("whoever asks before authenticating is told to, and may still do so", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1"]));
  const client = await WsClient.open({ port: hub.port, path, identity: "" });
  assert.deepEqual(client.codes("s"), ["unauthenticated"]);
  for (const op of ["refresh", "publish"] as const) {
    client.send({ op, ...(op === "refresh" ? { token: "idt-1" } : { id: "p", readings: [{}] }) });
  }
  await until(() => client.codes().length === 3, "each is answered");
  assert.deepEqual(new Set(client.codes()), new Set(["unauthenticated"]));
  client.send({ op: "auth", token: "idt-1" });
  assert.equal((await client.subscribe("s", { sites: ["sit-1"] })).op, "subscribed");
});

test("a wrong token or ticket ends the connection with its reason", async (t) => {
  const hub = await StreamHub.start(t);
  const inHeader = await WsClient.open({ port: hub.port, identity: "nobody" });
  const inFrame = await WsClient.open({ port: hub.port, identity: "" });
  inFrame.send({ op: "auth", token: "nobody" });
  const inAddress = await WsClient.open({
    ...{ port: hub.port, path: `${path}?ticket=nobodys`, identity: "" },
  });
  for (const client of [inHeader, inFrame, inAddress]) {
    await until(() => client.isClosed, "it is closed");
  }
  assert.deepEqual([inHeader.codes(), inHeader.closeCode], [["unauthenticated"], 4501]);
  assert.deepEqual([inFrame.codes(), inFrame.closeCode], [["unauthenticated"], 4501]);
  assert.deepEqual([inAddress.codes()[0], inAddress.closeCode], ["ticket_invalid", 4505]);
  assert.equal(inAddress.ops("subscribed").length, 0);
});

test("an auth frame needs one of token and ticket, and comes once", async (t) => {
  const hub = await StreamHub.start(t);
  const client = await WsClient.open({ port: hub.port });
  client.send({ op: "auth", token: "idt-1" });
  await client.untilOp("error");
  client.send({ op: "refresh", token: "idt-1", ticket: "ticket-1" });
  client.send({ op: "refresh" });
  await client.untilOp("error", 3);
  assert.deepEqual(client.codes(), ["conflict", "validation_failed", "validation_failed"]);
  assert.equal(client.isClosed, false);
  // Before anybody is known, an answer to a credential is final.
  const stranger = await WsClient.open({ port: hub.port, identity: "" });
  stranger.send({ op: "auth" });
  await stranger.untilOp("error");
  assert.deepEqual(stranger.codes(), ["validation_failed"]);
});

test("strangers of one address have so many connections and no more", async (t) => {
  const hub = await StreamHub.start(t);
  const open = () => WsClient.open({ port: hub.port, identity: "" });
  const { strangersPerAddressMax } = limits;
  const strangers = await Promise.all(Array.from({ length: strangersPerAddressMax }, open));
  const refused = new WsClient({ port: hub.port, identity: "" });
  await until(() => refused.isClosed, "it is closed");
  assert.deepEqual([refused.codes(), refused.closeCode], [["too_many_connections"], 4010]);
  const [first, second] = strangers;
  first?.send({ op: "auth", token: "idt-1" });
  second?.close();
  await until(() => hub.counts.listeners === strangersPerAddressMax - 1, "one has left");
  await until(() => first?.ops("authenticated").length === 1, "one is known");
  await Promise.all([open(), open()]);
});

test("an address that is no WebSocket's says so, and plain HTTP is told what to use", async (t) => {
  const hub = await StreamHub.start(t);
  const response = await fetch(`http://127.0.0.1:${hub.port}/ws`);
  assert.equal(response.status, 426);
  assert.equal(response.headers.get("upgrade"), "websocket");
  const body: { error: string } = JSON.parse(await response.text());
  assert.equal(body.error, "upgrade_required");
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const webSocket = new WebSocket(`ws://127.0.0.1:${hub.port}/elsewhere`);
    webSocket.on("unexpected-response", (_request, answer) => resolve(answer.statusCode));
    webSocket.on("open", () => reject(new Error("it opened")));
  });
  assert.equal(status, 404);
});
