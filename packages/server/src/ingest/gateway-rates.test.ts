import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayRates } from "./gateway-rates.ts";

const rates = () => new GatewayRates({ windowMs: 10_000, readingsMax: 3 });

test("a gateway is told apart from the others, and told once that it exceeds", () => {
  const counting = rates();
  const flood = Array.from({ length: 5 }, () => counting.take("gw-loud", 1_000));
  assert.deepEqual(flood, ["within", "within", "within", "exceeded", "beyond"]);
  assert.equal(counting.take("gw-quiet", 1_001), "within");
});

test("the next window starts afresh", () => {
  const counting = rates();
  for (let i = 0; i < 5; i++) counting.take("gw-1", 9_999);
  assert.equal(counting.take("gw-1", 10_000), "within");
});

test("hours of ordinary readings read at once are no flood", () => {
  const counting = rates();
  for (let second = 0; second < 7_200; second += 5) {
    assert.equal(counting.take("gw-1", second * 1_000), "within");
  }
});
