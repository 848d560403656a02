import assert from "node:assert/strict";
import { test } from "node:test";
import { EventBatch } from "./batch.ts";
import { DeliveredEvent } from "./event.ts";
import { Latest } from "./latest.ts";
import { Wheel } from "./wheel.ts";

function setUp(minIntervalMs: number) {
  const state = {
    nowMs: 0,
    isIdle: true,
    sent: [] as number[],
    conflated: 0,
    overflows: 0,
    whenIdle: [] as (() => void)[],
  };
  const wheel = new Wheel(() => state.nowMs, { runs: false });
  const latest = new Latest({
    minIntervalMs,
    bytesMax: 2_000,
    wheel,
    now: () => state.nowMs,
    room: () => (state.isIdle ? Number.POSITIVE_INFINITY : 0),
    whenIdle: (callback) => state.whenIdle.push(callback),
    send: (batch) => state.sent.push(...batch.events.map(({ sequence }) => sequence)),
    onConflated: (readings) => {
      state.conflated += readings;
    },
    onOverflow: () => {
      state.overflows++;
    },
  });
  const take = (sequence: number, derId: string, timestamp = sequence) =>
    latest.take(
      new EventBatch([
        new DeliveredEvent(
          1,
          sequence,
          { orgId: "o", siteId: "s", deviceId: "d", derId },
          Buffer.from(`{"type":"pv","timestamp":${timestamp},"W":1}`),
        ),
      ]),
    );
  return { state, wheel, latest, take };
}

test("the first goes out at once, then the newest of each DER once per interval", () => {
  const { state, wheel, take } = setUp(1_000);
  take(1, "a");
  assert.deepEqual(state.sent, [1]);
  for (const [sequence, der] of [
    [2, "a"],
    [3, "b"],
    [4, "a"],
    [5, "a"],
  ] as const) {
    take(sequence, der);
  }
  assert.deepEqual(state.sent, [1]);
  state.nowMs = 1_100;
  wheel.tick();
  assert.deepEqual(state.sent, [1, 3, 5]);
  assert.equal(state.conflated, 2);
});

test("a late reading does not replace a newer one", () => {
  const { state, wheel, take } = setUp(1_000);
  take(1, "a", 10);
  take(2, "a", 30);
  take(3, "a", 20);
  state.nowMs = 1_100;
  wheel.tick();
  assert.deepEqual(state.sent, [1, 2]);
});

test("what is older than what was sent is left out, of each DER by itself", () => {
  const { state, latest, take } = setUp(0);
  take(1, "a", 30);
  take(2, "a", 20);
  take(3, "b", 20);
  take(4, "a", 30);
  assert.deepEqual(state.sent, [1, 3, 4]);
  assert.equal(state.conflated, 1);
  latest.dropSites(new Set(["s"]));
  take(5, "a", 10);
  assert.deepEqual(state.sent, [1, 3, 4, 5]);
});

test("a listener that is not ready gets the newest when it is", () => {
  const { state, take } = setUp(0);
  state.isIdle = false;
  for (let i = 1; i <= 9; i++) take(i, "a");
  assert.deepEqual(state.sent, []);
  assert.equal(state.whenIdle.length, 1);
  state.isIdle = true;
  state.whenIdle[0]?.();
  assert.deepEqual(state.sent, [9]);
  assert.equal(state.conflated, 8);
});

test("more DERs than a queue holds overflow it", () => {
  const { state, take } = setUp(0);
  state.isIdle = false;
  for (let i = 1; i <= 40; i++) take(i, `der-${i}`);
  assert.ok(state.overflows > 0);
});

test("a wheel calls each entry once, when it is due, however long it was not turned", () => {
  let nowMs = 0;
  const wheel = new Wheel(() => nowMs, { runs: false });
  const called: string[] = [];
  const entry = (name: string) => ({ onTime: () => called.push(name) });
  const [soon, later, never, moved] = ["soon", "later", "never", "moved"].map(entry);
  assert.ok(soon && later && never && moved);
  wheel.at(100, soon);
  wheel.at(10_000, later);
  wheel.at(200, never);
  wheel.at(300, moved);
  wheel.at(20_000, moved);
  wheel.cancel(never);
  nowMs = 90;
  wheel.tick();
  assert.deepEqual(called, []);
  nowMs = 200;
  wheel.tick();
  assert.deepEqual(called, ["soon"]);
  nowMs = 15_000;
  wheel.tick();
  assert.deepEqual(called, ["soon", "later"]);
  nowMs = 1e9;
  wheel.tick();
  wheel.tick();
  assert.deepEqual(called, ["soon", "later", "moved"]);
  assert.equal(wheel.size, 0);
});
