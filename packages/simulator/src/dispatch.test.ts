import assert from "node:assert/strict";
import { test } from "node:test";
import { type Delivery, type DispatchOptions, dispatch } from "./dispatch.ts";
import { copyMsMax, lateMsMax, noFaults } from "./faults.ts";
import { createHome } from "./home.ts";
import { homeDevices } from "./readings.ts";

const home = createHome();
const fromMs = Date.UTC(2026, 5, 1, 12);
const everyMs = 10_000;
const ticks = 360;

function run(faults: Partial<DispatchOptions["faults"]>, others: Partial<DispatchOptions> = {}) {
  const toMs = fromMs + ticks * everyMs;
  const options = { home, index: 0, seed: 3, fromMs, toMs, everyMs, ...others };
  const slices = [...dispatch({ ...options, faults: { ...noFaults, ...faults } })];
  const sent = slices.flatMap(({ timeMs, deliveries }) =>
    deliveries.map((delivery) => ({ timeMs, ...delivery })),
  );
  const sum = (of: "measured" | "dropped") => slices.reduce((all, slice) => all + slice[of], 0);
  return { slices, sent, measured: sum("measured"), dropped: sum("dropped") };
}

const keyOf = ({ device, payload }: Delivery) => `${device.hardwareId} ${payload.timestamp}`;
const ofKind = (sent: readonly Delivery[], kind: Delivery["kind"]) =>
  sent.filter((delivery) => delivery.kind === kind);

test("without faults each device's reading leaves when it was taken", () => {
  const { sent, measured, dropped } = run({});
  assert.equal(measured, ticks * homeDevices.length);
  assert.equal(dropped, 0);
  assert.equal(sent.length, measured);
  for (const { timeMs, payload, kind } of sent) {
    assert.equal(payload.timestamp, timeMs);
    assert.equal(kind, "prompt");
  }
});

test("what is dropped never leaves, and all else does, once", () => {
  const { sent, measured, dropped } = run({ drop: 0.3, late: 0.3 });
  assert.ok(dropped > 0);
  assert.equal(sent.length, measured - dropped);
  assert.equal(new Set(sent.map(keyOf)).size, sent.length);
});

test("late readings keep their timestamp, and leave within ten minutes, out of order", () => {
  const { sent } = run({ late: 0.2 });
  const late = ofKind(sent, "late");
  assert.ok(late.length > 0);
  const lateMs = sent.map(({ timeMs, payload }) => timeMs - Number(payload.timestamp));
  const most = Math.max(...lateMs);
  assert.ok(most <= lateMsMax && most > 300_000, "later than what a hub calls backfilled");
  for (const [at, { kind }] of sent.entries()) assert.equal(kind === "late", lateMs[at] !== 0);
});

test("a copy says what the first one said, and leaves after it within a minute", () => {
  const { sent } = run({ duplicate: 0.2, late: 0.2 });
  const copies = ofKind(sent, "copy");
  assert.ok(copies.length > 0);
  for (const copy of copies) {
    const same = sent.filter((delivery) => keyOf(delivery) === keyOf(copy));
    assert.equal(same.length, 2);
    const [first, second] = same;
    assert.equal(second?.kind, "copy");
    assert.deepEqual(first?.payload, second?.payload);
    assert.ok(Number(second?.timeMs) - Number(first?.timeMs) <= copyMsMax + everyMs);
  }
});

test("what is held at the end leaves in a last slice", () => {
  const { slices, sent, measured } = run({ late: 1 });
  assert.equal(sent.length, measured);
  assert.equal(slices.at(-1)?.timeMs, fromMs + ticks * everyMs);
  assert.equal(slices.at(-1)?.measured, 0);
});

test("a clock that is wrong moves the timestamps and nothing else", () => {
  for (const driftMs of [30_000, -30_000]) {
    const right = run({}).sent;
    const wrong = run({ driftMs }).sent;
    for (const [at, { payload, timeMs }] of wrong.entries()) {
      assert.deepEqual(payload, { ...right[at]?.payload, timestamp: timeMs + driftMs });
    }
  }
});

test("a run can be had again by its seed", () => {
  const faults = { drop: 0.1, late: 0.1, duplicate: 0.1 };
  assert.deepEqual(run(faults).sent, run(faults).sent);
  assert.notDeepEqual(run(faults, { seed: 4 }).sent.map(keyOf), run(faults).sent.map(keyOf));
});

test("gateways of different homes speak different dialects where they are mixed", () => {
  const [first] = run({ dialect: "mixed" }, { index: 1 }).sent;
  assert.equal(first?.payload.type, "solar");
});
