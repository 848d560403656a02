import assert from "node:assert/strict";
import { test } from "node:test";
import type { AddressedReading } from "./delivery.ts";
import { readAnswer } from "./upload.ts";

const reading = (timestamp: number): AddressedReading => ({
  ...{ type: "meter", timestamp, W: 1, hardware_id: "m:1", der: "grid" },
});

test("the answer's verdicts are read in order", () => {
  const results = [{ status: "stored", cursor: "A" }, { status: "duplicate" }];
  const { verdicts, error } = readAnswer({ durability: "fsync", results }, [
    reading(1),
    reading(2),
  ]);
  assert.deepEqual(verdicts, [
    { status: "stored", durability: "fsync", cursor: "A" },
    { status: "duplicate", durability: "fsync" },
  ]);
  assert.equal(error, undefined);
});

for (const [what, results] of [
  ["an unknown status", [{ status: "queued" }]],
  ["no status", [JSON.parse("{}")]],
  ["nothing", []],
] as const) {
  test(`a reading that the hub answers with ${what} is sent again`, () => {
    const answer = { durability: "fsync", results: [{ status: "stored" }, ...results] };
    const { verdicts, error } = readAnswer(answer, [reading(1), reading(2)]);
    assert.equal(verdicts.length, 1);
    assert.equal(error?.code, "answer_invalid");
  });
}
