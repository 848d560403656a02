import assert from "node:assert/strict";
import { test } from "node:test";
import { type NatsWays, wayOf } from "./nats-way.ts";

const urls = { nats: "nats://a:4222,nats://b:4222", websocket: "wss://a:4443" };
const never = () => Promise.reject(new Error("nobody connects"));
const tcp = () => never();
const webSocket = () => never();
const inNode: NatsWays = { tcp, webSocket };

test("the hub's addresses are used: of TCP where there is TCP, else of WebSocket", () => {
  assert.deepEqual(wayOf(inNode, urls), {
    connect: tcp,
    servers: ["nats://a:4222", "nats://b:4222"],
  });
  assert.deepEqual(wayOf({ webSocket }, urls), { connect: webSocket, servers: ["wss://a:4443"] });
});

test("given addresses say by themselves which way is meant", () => {
  for (const [servers, connect] of [
    [["ws://c"], webSocket],
    [["tls://c", "nats://d"], tcp],
    [["c:4222"], tcp],
  ] as const) {
    assert.deepEqual(wayOf({ ...inNode, servers }, urls), { connect, servers });
  }
});

test("what cannot be connected to is refused", () => {
  for (const ways of [
    { ...inNode, servers: [] },
    { ...inNode, servers: ["ws://c", "nats://d"] },
    { webSocket, servers: ["nats://c"] },
  ]) {
    assert.throws(() => wayOf(ways, urls), { code: "options_invalid" });
  }
});
