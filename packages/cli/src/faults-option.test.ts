import assert from "node:assert/strict";
import { test } from "node:test";
import { noFaults } from "@novacore/simulator/faults";
import { readFaults, readSpeed } from "./faults-option.ts";

test("faults are read by name, and what is not named does not happen", () => {
  const text = "drop=0.01,late=0.02, duplicate=1,drift=30s,dialect=legacy";
  assert.deepEqual(readFaults(text), {
    ...{ drop: 0.01, late: 0.02, duplicate: 1, driftMs: 30_000 },
    dialect: "legacy",
  });
  assert.deepEqual(readFaults("drift=-2m"), { ...noFaults, driftMs: -120_000 });
  assert.equal(readFaults("dialect=mixed").dialect, "mixed");
});

test("what is wrong with a fault is said with its name", () => {
  assert.throws(() => readFaults("dorp=0.1"), /no fault "dorp".* Did you mean drop\?/);
  assert.throws(() => readFaults("drop"), /drop needs a value/);
  assert.throws(() => readFaults("drop=2"), /^Error: drop: give a number from 0 to 1/);
  assert.throws(() => readFaults("drift=30"), /drift: give a length of time/);
  assert.throws(() => readFaults("dialect=klingon"), /dialect: give one of canonical/);
  assert.throws(() => readFaults(""), /no fault ""/);
});

test("a speed is real time, a multiple of it, or as fast as it goes", () => {
  assert.deepEqual(["1", "60x", "0.5", "max"].map(readSpeed), [1, 60, 0.5, "max"]);
  for (const text of ["0", "-1", "fast", "x", "1e3", ""]) {
    assert.throws(() => readSpeed(text), /60x for an hour in a minute/, text);
  }
});
