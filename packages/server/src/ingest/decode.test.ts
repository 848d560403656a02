import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeReading } from "./decode.ts";
import { Refusal } from "./refusal.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("an object is read, its last duplicate key counting", () => {
  assert.deepEqual(decodeReading(bytes('{"W":1,"W":2}')), { W: 2 });
});

test("a view into a larger buffer is read alone", () => {
  const all = bytes('garbage{"W":1}garbage');
  assert.deepEqual(decodeReading(all.subarray(7, 14)), { W: 1 });
});

const refused: readonly (readonly [string, Uint8Array, string])[] = [
  ["nothing", bytes(""), "reading_malformed"],
  ["no JSON", bytes("{W:1}"), "reading_malformed"],
  ["half an object", bytes('{"W":1'), "reading_malformed"],
  ["an array", bytes("[{}]"), "reading_malformed"],
  ["null", bytes("null"), "reading_malformed"],
  ["a number", bytes("5"), "reading_malformed"],
  ["broken UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), "reading_malformed"],
  ["more than 64 KiB", bytes(`{"x":"${"x".repeat(65_536)}"}`), "reading_too_large"],
  ["64 KiB of brackets", bytes("[".repeat(65_536)), "reading_malformed"],
];

for (const [name, payload, code] of refused) {
  test(`${name} is refused as ${code}`, () => {
    const result = decodeReading(payload);
    assert.ok(result instanceof Refusal);
    assert.equal(result.code, code);
  });
}
