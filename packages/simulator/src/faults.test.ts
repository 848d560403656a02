import assert from "node:assert/strict";
import { test } from "node:test";
import { dialects } from "./dialect.ts";
import { copyMsMax, dialectOf, type Fate, fateOf, lateMsMax, noFaults } from "./faults.ts";

const places = 50_000;
const seed = 7;
const fates = (faults: Partial<typeof noFaults>, of = seed): Fate[] =>
  Array.from({ length: places }, (_, place) => fateOf({ ...noFaults, ...faults }, of, place));
const share = (all: readonly Fate[], is: (fate: Fate) => boolean) => all.filter(is).length / places;
/** Five standard deviations of the share, so a seed that breaks it is one in two million. */
const tolerance = (expected: number) => 5 * Math.sqrt((expected * (1 - expected)) / places);

test("without faults every reading is sent at once, and once", () => {
  for (const fate of fates({})) {
    assert.deepEqual(fate, { kind: "sent", lateMs: 0, copyMs: undefined });
  }
});

test("drop takes its share of the readings, and 1 takes all", () => {
  const dropped = (fate: Fate) => fate.kind === "dropped";
  const expected = 0.05;
  assert.ok(Math.abs(share(fates({ drop: expected }), dropped) - expected) < tolerance(expected));
  assert.equal(share(fates({ drop: 1 }), dropped), 1);
});

test("late and duplicate take theirs, with delays from 1 ms to their longest", () => {
  const all = fates({ late: 0.2, duplicate: 0.1 });
  const delays = all.flatMap((fate) => (fate.kind === "sent" ? [fate] : []));
  const lateMs = delays.map((fate) => fate.lateMs).filter((ms) => ms > 0);
  const copyMs = delays.flatMap((fate) => fate.copyMs ?? []);
  assert.ok(Math.abs(lateMs.length / places - 0.2) < tolerance(0.2));
  assert.ok(Math.abs(copyMs.length / places - 0.1) < tolerance(0.1));
  for (const [delaysMs, most] of [[lateMs, lateMsMax] as const, [copyMs, copyMsMax] as const]) {
    assert.ok(delaysMs.every((ms) => Number.isInteger(ms) && ms >= 1 && ms <= most));
    const meanMs = delaysMs.reduce((sum, ms) => sum + ms, 0) / delaysMs.length;
    assert.ok(Math.abs(meanMs / most - 0.5) < 0.02, "spread evenly");
  }
});

test("the same seed has the same fates, and another seed others", () => {
  const faults = { drop: 0.5 };
  assert.deepEqual(fates(faults), fates(faults));
  const same = (other: readonly Fate[]) =>
    share(other, (fate) => fate.kind === "dropped") > 0 &&
    fates(faults).filter(({ kind }, place) => other[place]?.kind === kind).length / places;
  for (const other of [seed + 1, seed + 2, seed + 100]) {
    assert.ok(Math.abs(Number(same(fates(faults, other))) - 0.5) < tolerance(0.5));
  }
});

test("a fault falls where it would without the others", () => {
  const alone = fates({ late: 0.1 });
  const together = fates({ late: 0.1, drop: 0.3, duplicate: 0.3 });
  for (const [place, fate] of together.entries()) {
    const before = alone[place];
    if (fate.kind === "sent") assert.equal(fate.lateMs, before?.kind === "sent" && before.lateMs);
  }
});

test("mixed gives every home another dialect, in turn", () => {
  const mixed = { ...noFaults, dialect: "mixed" } as const;
  assert.deepEqual(
    dialects.map((_, home) => dialectOf(mixed, home)),
    [...dialects],
  );
  assert.equal(dialectOf(mixed, dialects.length), dialects[0]);
  assert.equal(dialectOf({ ...noFaults, dialect: "legacy" }, 3), "legacy");
});
