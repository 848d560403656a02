import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { ConsumerRate } from "./consumer-rate.ts";

test("an organization that changes too many consumers waits until the minute ends", () => {
  const rate = new ConsumerRate();
  const nowMs = 600_000 + 45_500;
  for (let i = 0; i < limits.consumerChangesPerMinute; i++) {
    assert.equal(rate.take("org-a", nowMs), undefined);
  }
  assert.equal(rate.take("org-a", nowMs), 14_500);
  assert.equal(rate.take("org-b", nowMs), undefined);
  assert.equal(rate.take("org-a", nowMs + 14_500), undefined);
});
