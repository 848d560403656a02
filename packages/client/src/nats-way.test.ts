import assert from "node:assert/strict";
import { test } from "node:test";
import { type NatsWays, wayOf } from "./nats-way.ts";

const urls = { nats: "nats://a:4222,nats://b:4222", websocket: "ws://a:4443" };
const never = () => Promise.reject(new Error("nobody connects"));
const tcp = () => never();
const webSocket = () => never();
const inNode: NatsWays = { baseUrl: "http://a:8080", tcp, webSocket };
const inPage: NatsWays = { baseUrl: "http://a:8080", webSocket };

test("the hub's addresses are used: of TCP where there is TCP, else of WebSocket", () => {
  const servers = ["nats://a:4222", "nats://b:4222"];
  assert.deepEqual(wayOf(inNode, urls), { connect: tcp, servers, isTlsDemanded: false });
  const { connect, servers: told } = wayOf(inPage, urls);
  assert.deepEqual([connect, told], [webSocket, ["ws://a:4443"]]);
});

test("a token that goes over HTTPS goes over TLS to the hub's addresses as well", () => {
  const ways = { ...inNode, baseUrl: "https://a" };
  assert.equal(wayOf(ways, { ...urls, websocket: "wss://a:4443" }).connect, webSocket);
  const { connect, isTlsDemanded } = wayOf(ways, urls);
  assert.deepEqual([connect, isTlsDemanded], [tcp, true]);
});

test("a page that has its token over HTTPS sends it to no told address in the clear", () => {
  const ways = { ...inPage, baseUrl: "https://a" };
  for (const websocket of ["ws://a:4443", "wss://a:4443,ws://b:4443"]) {
    assert.throws(() => wayOf(ways, { ...urls, websocket }), { code: "options_invalid" });
  }
  assert.equal(wayOf(ways, { ...urls, websocket: "wss://a:4443" }).connect, webSocket);
  const servers = ["ws://c"];
  assert.deepEqual(wayOf({ ...ways, servers }, urls).servers, servers);
});

test("given addresses say by themselves which way is meant", () => {
  for (const [servers, connect, isTlsDemanded] of [
    [["ws://c"], webSocket, false],
    [["tls://c", "nats://d"], tcp, true],
    [["c:4222"], tcp, false],
  ] as const) {
    assert.deepEqual(wayOf({ ...inNode, servers }, urls), { connect, servers, isTlsDemanded });
  }
});

test("what cannot be connected to is refused", () => {
  for (const ways of [
    { ...inNode, servers: [] },
    { ...inNode, servers: ["ws://c", "nats://d"] },
    { ...inPage, servers: ["nats://c"] },
  ]) {
    assert.throws(() => wayOf(ways, urls), { code: "options_invalid" });
  }
});
