import assert from "node:assert/strict";
import { test } from "node:test";
import { type Point, sparkline } from "./sparkline.ts";

const over = (cells: number) => ({ fromMs: 0, toMs: cells * 10, cells });
const values = (...all: (number | null)[]): Point[] =>
  all.map((value, index) => ({ timeMs: index * 10, value }));

test("the least is the lowest bar and the most the highest", () => {
  const rising = values(0, 1, 2, 3, 4, 5, 6, 7);
  assert.equal(sparkline(rising, over(8)), "▁▂▃▄▅▆▇█");
  assert.equal(sparkline(values(-3_000, 0, -1_500), over(3)), "▁█▅");
});

test("what is not known is blank, and 0 is not", () => {
  assert.equal(sparkline(values(0, null, 10), over(3)), "▁ █");
  assert.equal(sparkline([], over(4)), "    ");
});

test("what never changes lies low", () => {
  assert.equal(sparkline(values(5, 5, 5), over(3)), "▁▁▁");
});

test("every cell has its own where there are as many as values", () => {
  for (let cells = 1; cells < 200; cells++) {
    const points = Array.from({ length: cells }, (_, index) => ({ timeMs: index * 7, value: 1 }));
    assert.equal(sparkline(points, { fromMs: 0, toMs: cells * 7, cells }), "▁".repeat(cells));
  }
});

test("several values of a cell are their mean, and what lies outside is left out", () => {
  const points = [...values(0, 10, 20, 30), { timeMs: 40, value: 900 }, { timeMs: -1, value: -9 }];
  assert.equal(sparkline(points, { fromMs: 0, toMs: 40, cells: 2 }), "▁█");
});
