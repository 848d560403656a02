import assert from "node:assert/strict";
import { test } from "node:test";
import { LineRefusal, readLine } from "./published-line.ts";

const nothing = { hardwareId: undefined, der: undefined, timestamp: undefined };
const line = (members: object) => JSON.stringify(members);

test("a line has the address of its reading beside it, or takes it from the command line", () => {
  const reading = { type: "pv", timestamp: 1_760_000_000_000, W: -5 };
  const expected = { hardwareId: "sungrow:A1", der: "roof", reading };
  const full = line({ hardware_id: "sungrow:A1", der: "roof", ...reading });
  assert.deepEqual(readLine(full, nothing), expected);
  const defaults = { hardwareId: "sungrow:A1", der: "roof", timestamp: reading.timestamp };
  assert.deepEqual(readLine(line({ type: "pv", W: -5 }), defaults), expected);
  const others = { hardwareId: "other", der: "other", timestamp: 1 };
  assert.deepEqual(readLine(full, others), expected, "the line wins");
});

test("what no reading can be made of is refused with the hub's own codes", () => {
  const address = { hardware_id: "a", der: "b" };
  for (const [text, code] of [
    ["{", "reading_malformed"],
    ["[]", "reading_malformed"],
    ["null", "reading_malformed"],
    [line({ type: "pv", timestamp: 1 }), "device_unknown"],
    [line({ hardware_id: "a", type: "pv", timestamp: 1 }), "der_unknown"],
    [line({ ...address, type: "pv" }), "timestamp_missing"],
    [line({ ...address, type: "pv", timestamp: "2026-01-01" }), "timestamp_missing"],
    [line({ ...address, type: "wind", timestamp: 1 }), "type_unknown"],
    [line({ ...address, timestamp: 1 }), "type_unknown"],
  ] as const) {
    const refusal = readLine(text, nothing);
    assert.ok(refusal instanceof LineRefusal, text);
    assert.equal(refusal.code, code, text);
  }
});
