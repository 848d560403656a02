import assert from "node:assert/strict";
import { test } from "node:test";
import { readingAt } from "./fake-hub.ts";
import { Handover } from "./handover.ts";
import type { LiveMessage } from "./live-message.ts";

const at = (sequence: number): LiveMessage => ({
  sequence,
  lastSequence: 0,
  reading: readingAt(sequence),
});

test("the past meets what comes live at the first message that both have", () => {
  const handover = new Handover();
  assert.equal(handover.meet(100), undefined, "nothing has come live yet");
  handover.gather(at(7));
  handover.gather(at(9));
  assert.equal(handover.meet(6), undefined, "7 may be missing in the past by now");
  assert.deepEqual(handover.meet(7), [at(7), at(9)]);
  assert.equal(handover.meet(9), undefined, "it is over");
});

test("what is too much is let go, and later messages are met", () => {
  const handover = new Handover(2);
  for (const sequence of [1, 2, 3]) handover.gather(at(sequence));
  assert.equal(handover.meet(2), undefined);
  assert.deepEqual(handover.meet(3), [at(3)]);
});

test("what was forgotten is not met", () => {
  const handover = new Handover();
  handover.gather(at(1));
  handover.forget();
  assert.equal(handover.meet(1), undefined);
});
