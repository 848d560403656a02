import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lttb } from "./range-lttb.ts";

function line(values: readonly number[]) {
  return [Float64Array.from(values.keys()), Float64Array.from(values)] as const;
}

test("a line with few points keeps them all", () => {
  assert.deepEqual(lttb(...line([1, 2, 3]), 3), [0, 1, 2]);
  assert.deepEqual(lttb(...line([]), 3), []);
  assert.deepEqual(lttb(...line([1, 2]), 1), [0]);
  assert.deepEqual(lttb(...line([1, 2, 3]), 2), [0, 2]);
});

test("a spike is kept, whichever bucket it is in", () => {
  const values = new Array<number>(1_000).fill(0);
  for (const spike of [1, 499, 998]) {
    const picked = lttb(...line(values.with(spike, 10)), 12);
    assert.equal(picked.length, 12);
    assert.ok(picked.includes(spike), `${spike} is not among ${picked}`);
  }
});

test("it picks what the definition of the algorithm picks", () => {
  const numbers = fc.array(fc.double({ min: -1e4, max: 1e4, noNaN: true }), {
    ...{ minLength: 4, maxLength: 200 },
  });
  fc.assert(
    fc.property(numbers, fc.integer({ min: 3, max: 50 }), (values, pointsMax) => {
      const picked = lttb(...line(values), pointsMax);
      assert.deepEqual(picked, byDefinition(values, pointsMax));
    }),
  );
});

/** Word for word: buckets of equal width between the ends, areas by the shoelace formula. */
function byDefinition(values: readonly number[], pointsMax: number): number[] {
  const last = values.length - 1;
  if (values.length <= pointsMax) return [...values.keys()];
  const every = (values.length - 2) / (pointsMax - 2);
  const bucket = (index: number) => {
    const [from, to] = [index, index + 1].map((each) => Math.floor(each * every) + 1);
    const all = [...values.keys()];
    return index >= pointsMax - 2 ? [last] : all.slice(from, Math.min(to ?? 0, last));
  };
  const picked = [0];
  for (let index = 0; index < pointsMax - 2; index++) {
    const next = index === pointsMax - 3 ? [last] : bucket(index + 1);
    const sum = (pick: (at: number) => number) => next.reduce((total, at) => total + pick(at), 0);
    const mean = [sum((at) => at) / next.length, sum((at) => values[at] ?? 0) / next.length];
    const before = picked.at(-1) ?? 0;
    const area = (at: number) => {
      const [ax, ay, bx, by] = [before, values[before] ?? 0, at, values[at] ?? 0];
      const [cx = 0, cy = 0] = mean;
      return Math.abs((ax - cx) * (by - ay) - (ax - bx) * (cy - ay));
    };
    const candidates = bucket(index);
    picked.push(candidates.reduce((best, at) => (area(at) > area(best) ? at : best)));
  }
  return [...picked, last];
}
