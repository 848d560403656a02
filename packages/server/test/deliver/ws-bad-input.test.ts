import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/limits.ts";
import { StreamHub, until } from "./stream-hub.ts";
import { WsClient } from "./ws-client.ts";

const site = "sit-1";

interface Row {
  readonly what: string;
  /** Text or bytes as they are; an object as JSON. */
  readonly frame: string | Buffer | object;
  readonly code: string;
  /** The id that the answer repeats. */
  readonly id?: string;
}

const subscribe = (members: object) => ({ op: "subscribe", id: "new", ...members });
const ids = (count: number) => Array.from({ length: count }, (_, i) => `id-${i}`);
const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const farAhead = Date.now() + 365 * 86_400_000;

/** Frames that cannot be what a client means, whatever the connection's state. */
const malformed: readonly Row[] = [
  { what: "not JSON", frame: "subscribe please", code: "malformed_request" },
  { what: "an empty frame", frame: "", code: "malformed_request" },
  { what: "JSON cut off", frame: '{"op":"ping"', code: "malformed_request" },
  { what: "an array", frame: '[{"op":"ping"}]', code: "malformed_request" },
  { what: "a number", frame: "42", code: "malformed_request" },
  { what: "null", frame: "null", code: "malformed_request" },
  { what: "a binary frame", frame: Buffer.from('{"op":"ping"}'), code: "malformed_request" },
  { what: "an unknown op", frame: { op: "shout", id: "x" }, code: "op_unknown", id: "x" },
  { what: "an op of the server", frame: { op: "hello" }, code: "op_unknown" },
  { what: "an op that objects have", frame: { op: "constructor" }, code: "op_unknown" },
  { what: "no op", frame: { id: "x" }, code: "op_unknown", id: "x" },
  { what: "an op that is no text", frame: { op: ["ping"] }, code: "op_unknown" },
  { what: "an op nested deeply", frame: `{"op":${deep(50_000)}}`, code: "op_unknown" },
  { what: "an unknown member", frame: { op: "ping", loud: true }, code: "validation_failed" },
  { what: "a t that is no number", frame: { op: "ping", t: "1" }, code: "validation_failed" },
  { what: "no credit", frame: { op: "credit" }, code: "validation_failed" },
  { what: "credit 0", frame: { op: "credit", n: 0 }, code: "validation_failed" },
  { what: "negative credit", frame: { op: "credit", n: -5 }, code: "validation_failed" },
  { what: "half a credit", frame: { op: "credit", n: 0.5 }, code: "validation_failed" },
  { what: "huge credit", frame: { op: "credit", n: 1e9 }, code: "validation_failed" },
  { what: "credit beyond numbers", frame: '{"op":"credit","n":1e999}', code: "validation_failed" },
  { what: "no token to refresh", frame: { op: "refresh" }, code: "validation_failed" },
  { what: "a second auth", frame: { op: "auth", token: "idt-1" }, code: "conflict" },
  { what: "another identity", frame: { op: "refresh", token: "idt-2" }, code: "forbidden" },
];

/** Subscriptions that are refused; each row's id is `new`. */
const subscriptions: readonly (readonly [what: string, members: object, code: string])[] = [
  ["no scope", {}, "validation_failed"],
  ["sites and org", { sites: [site], org: "org-1" }, "validation_failed"],
  ["no sites", { sites: [] }, "validation_failed"],
  ["501 sites", { sites: ids(501) }, "validation_failed"],
  ["sites that are no ids", { sites: ["a b", "*", ">"] }, "validation_failed"],
  ["a foreign site", { sites: [site, "sit-foreign"] }, "not_found"],
  ["a foreign org", { org: "org-9" }, "not_found"],
  ["a foreign device", { devices: ["dev-9"] }, "not_found"],
  ["a foreign DER", { ders: ["der-9"] }, "not_found"],
  ["257 devices", { sites: [site], devices: ids(257) }, "validation_failed"],
  ["DERs to fill the frame", { sites: [site], ders: ids(24_000) }, "validation_failed"],
  ["a frame full of ones", { ders: Array.from({ length: 100_000 }, () => 1) }, "validation_failed"],
  ["an unknown type", { sites: [site], types: ["solar"] }, "validation_failed"],
  ["an unknown mode", { sites: [site], mode: "some" }, "validation_failed"],
  ["all and an interval", intervalOf("all", 500), "validation_failed"],
  ["too short an interval", intervalOf("latest", 5), "validation_failed"],
  ["too long a batch", { sites: [site], batch_ms: 60_000 }, "validation_failed"],
  ["since in the far future", { sites: [site], since: farAhead }, "validation_failed"],
  ["since that is no time", { sites: [site], since: "yesterday" }, "validation_failed"],
  ["a negative since", { sites: [site], since: -1 }, "validation_failed"],
  ["a cursor that is nonsense", { sites: [site], cursor: "nonsense" }, "cursor_invalid"],
  ["a cursor with a line break", { sites: [site], cursor: "a\r\ndata:x" }, "cursor_invalid"],
  ["a cursor that is no text", { sites: [site], cursor: 17 }, "validation_failed"],
  ["the id of another one", { id: "other", sites: [site] }, "conflict"],
  ["an id with quotes", { id: 'a"b', sites: [site] }, "validation_failed"],
];

function intervalOf(mode: string, min_interval_ms: number): object {
  return { sites: [site], mode, min_interval_ms };
}

const rows: readonly Row[] = [
  ...malformed,
  ...subscriptions.map(([what, members, code]): Row => {
    const frame = subscribe(members);
    return { what: `a subscription with ${what}`, frame, code, id: frame.id };
  }),
  {
    what: "an unsubscribe of nothing",
    frame: { op: "unsubscribe", id: "x" },
    code: "not_found",
    id: "x",
  },
  {
    what: "a publish by a person",
    frame: { op: "publish", id: "p", readings: [{}] },
    code: "forbidden",
    id: "p",
  },
  {
    what: "a publish of nothing",
    frame: { op: "publish", id: "p", readings: [] },
    code: "validation_failed",
    id: "p",
  },
];

function sendAs(client: WsClient, frame: Row["frame"]): void {
  if (typeof frame === "string" || Buffer.isBuffer(frame)) client.webSocket.send(frame);
  else client.send(frame);
}

test("what is wrong is answered with its code and id, and harms no other subscription", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set([site]));
  let published = 0;
  for (const { what, frame, code, id } of rows) {
    await t.test(what, async () => {
      const client = await WsClient.open({ port: hub.port });
      await client.subscribe("other", { sites: [site] });
      sendAs(client, frame);
      const error = await client.untilOp("error");
      assert.deepEqual([error.code, error.id], [code, id]);
      assert.ok(String(error.message).length > 10, "it says what happened");
      published++;
      await hub.publish({ site }, { W: published });
      await client.untilReadings(1);
      assert.deepEqual(client.numbersOf("other"), [published]);
      assert.equal(client.ops("error").length, 1);
      client.close();
    });
  }
});

test("frames that no WebSocket may send end the connection as RFC 6455 says", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set([site]));
  const other = await WsClient.open({ port: hub.port, path: `/stream/sites/${site}` });
  const cases = [
    [1009, "x".repeat(1024 * 1024)],
    [1009, `{"op":"ping","t":1${" ".repeat(limits.frameBytesMax)}}`],
    [1007, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ] as const;
  for (const [code, frame] of cases) {
    const client = await WsClient.open({ port: hub.port, path: `/stream/sites/${site}` });
    client.webSocket.send(frame, { binary: false });
    await until(() => client.isClosed, "it is closed");
    assert.equal(client.closeCode, code);
  }
  await hub.publish({ site }, { W: 1 });
  await other.untilReadings(1);
  await until(() => hub.delivery.usage.subscribers === 1, "their subscriptions are gone");
});

test("a frame of the largest size is taken", async (t) => {
  const hub = await StreamHub.start(t);
  const client = await WsClient.open({ port: hub.port });
  const frame = '{"op":"ping","t":1';
  client.webSocket.send(`${frame}${" ".repeat(limits.frameBytesMax - frame.length - 1)}}`);
  await client.untilOp("pong");
});

test("a cursor of another epoch is told by a reset, and the subscription goes on", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set([site]));
  const client = await WsClient.open({ port: hub.port });
  const { cursor } = await client.subscribe("old", { sites: [site] });
  for (const W of [-2, -1]) await hub.publish({ site }, { W });
  await client.untilReadings(2);
  await hub.recreateStream();
  await hub.publish({ site }, { W: 0 });
  await client.untilOp("reset");
  await client.subscribe("again", { sites: [site], cursor });
  await client.untilOp("reset", 2);
  const resets = client.ops("reset").map(({ id, reason }) => [id, reason]);
  assert.deepEqual(resets, [
    ["old", "cursor_epoch_changed"],
    ["again", "cursor_epoch_changed"],
  ]);
  await hub.publish({ site }, { W: 1 });
  await until(() => ["old", "again"].every((id) => client.numbersOf(id).includes(1)), "both go on");
});
