import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeCursor } from "@novacore/protocol";
import { EventBatch } from "./batch.ts";
import { DeliveredEvent } from "./event.ts";

const address = { orgId: "org-1", siteId: "sit-1", deviceId: "dev-1", derId: "der-1" };
const reading =
  '{"type":"pv","timestamp":1700000000123,"W":-1.5,"make":"Süd","received_at":1700000000456}';
const make = (sequence: number, text = reading) =>
  new DeliveredEvent(1_234, sequence, address, Buffer.from(text));

test("an event is one HTTP chunk that holds one SSE event", () => {
  const event = make(77);
  const text = event.chunk.toString();
  const match = /^([0-9a-f]+)\r\nid: ([\w-]{19})\ndata: (.*)\n\n\r\n$/.exec(text);
  assert.ok(match);
  assert.equal(Number.parseInt(match[1] ?? "", 16), event.body.length);
  assert.deepEqual(decodeCursor(match[2] ?? ""), { epoch: 1_234, sequence: 77 });
  assert.equal(match[3], reading);
  assert.equal(event.body.toString(), `id: ${match[2]}\ndata: ${reading}\n\n`);
  assert.equal(event.payload.toString(), reading);
});

test("type and clocks are read without parsing the payload", () => {
  const event = make(1);
  assert.equal(event.type, "pv");
  assert.equal(event.timestampMs, 1_700_000_000_123);
  assert.equal(event.receivedAtMs, 1_700_000_000_456);
});

test("a payload that ends otherwise has no time of arrival", () => {
  assert.equal(make(1, '{"type":"pv","timestamp":5,"W":12}').receivedAtMs, 12);
  assert.equal(make(1, '{"type":"pv","timestamp":5,"W":-12}').receivedAtMs, 0);
  assert.equal(make(1, '{"type":"pv","timestamp":5,"make":"7"}').receivedAtMs, 0);
  assert.equal(make(1, '{"type":"pv"}').timestampMs, 0);
});

test("raw line breaks and NUL are refused by name", () => {
  for (const text of ['{"a":\n1}', '{"a":\r1}', '{"a":"\0"}']) {
    assert.throws(() => make(9, text), /message 9 .* could split an SSE event/);
  }
});

test("a repaired reading shows the position that the stream had reached", () => {
  const late = new DeliveredEvent(1_234, 5, address, Buffer.from(reading), 9);
  assert.equal(late.sequence, 5);
  assert.match(late.body.toString(), /^id: /);
  const cursor = late.body.toString("latin1", 4, 23);
  assert.equal(decodeCursor(cursor)?.sequence, 9);
});

test("a batch joins its events' bytes once, and can leave out what was sent before", () => {
  const events = [make(1), make(2), make(3)];
  const batch = new EventBatch(events);
  assert.equal(batch.chunked.toString(), events.map(({ chunk }) => chunk.toString()).join(""));
  assert.equal(batch.plain.toString(), events.map(({ body }) => body.toString()).join(""));
  assert.equal(batch.chunked, batch.chunked);
  assert.deepEqual([batch.firstPosition, batch.lastPosition], [1, 3]);
  assert.deepEqual(
    batch.after(2).events.map(({ sequence }) => sequence),
    [3],
  );
  const [single] = events;
  assert.equal(new EventBatch(events.slice(0, 1)).chunked, single?.chunk);
});

test("an event owns its bytes alone: a ring that keeps it keeps nothing else alive", () => {
  const kept = make(1, '{"type":"pv","timestamp":1}');
  assert.equal(kept.chunk.buffer.byteLength, kept.chunk.length);
});
