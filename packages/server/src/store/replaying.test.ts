import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { assertMayReplay, replayPace } from "./replaying.ts";

const { consumerReplayingPending, replayingConsumersMax, replayingConsumersPerOrgMax } = limits;
const consumers = (orgId: string, count: number, pending: number, isActive = true) =>
  Array.from({ length: count }, (_, i) => ({ orgId, name: `${orgId}-${i}`, pending, isActive }));
const explicit = (orgId: string) => ({ orgId, ack: "explicit" as const });
const much = consumerReplayingPending + 1;

test("an organization replays so many at once, read from or not", () => {
  const fewer = consumers("org-a", replayingConsumersPerOrgMax - 1, much);
  assertMayReplay(explicit("org-a"), fewer);
  const own = consumers("org-a", replayingConsumersPerOrgMax, much, false);
  assert.throws(() => assertMayReplay(explicit("org-a"), own), {
    code: "rate_limited",
    message: /org-a-0/,
  });
  assertMayReplay(explicit("org-b"), own);
});

test("a consumer that has caught up counts for nothing", () => {
  assertMayReplay(explicit("org-a"), consumers("org-a", 16, consumerReplayingPending));
});

test("all together replay so many at once, those that nobody reads from left out", () => {
  const left = consumers("org-a", replayingConsumersMax, much, false);
  assertMayReplay(explicit("org-b"), left);
  const read = consumers("org-a", replayingConsumersMax, much);
  assert.throws(() => assertMayReplay(explicit("org-b"), read), { code: "rate_limited" });
});

test("a replay without acknowledgements, whose pace nothing would set, is refused", () => {
  const refused = () => assertMayReplay({ orgId: "org-a", ack: "none" }, []);
  assert.throws(refused, { code: "validation_failed", message: /ack: explicit/ });
});

test("replays share what may be on its way, and each gets some", () => {
  assert.equal(replayPace([], 1), limits.replayInFlightMax);
  assert.equal(replayPace(consumers("org-a", 4, much), 0), limits.replayInFlightMax / 4);
  assert.equal(replayPace(consumers("org-a", 4, much, false), 1), limits.replayInFlightMax);
  assert.equal(replayPace(consumers("org-a", 10 * limits.replayInFlightMax, much), 0), 1);
});
