import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import type { DatedFile } from "../registry/manifest.ts";
import { planDay, settledFromMs } from "./compaction-plan.ts";

const day = "2026-06-01";
const overMs = Date.parse(day) + 86_400_000 + limits.archiveDayEndMs;
const duringMs = Date.parse(day) + 3_600_000;

function fileOf(overrides: Partial<DatedFile> = {}): DatedFile {
  return {
    ...{ path: `org=o/date=${day}/${Math.random()}.parquet`, orgId: "o", day, kind: "rows" },
    ...{ level: 0, rows: 100, bytes: 1_000, sequences: undefined },
    ...{ timestampFirst: duringMs, timestampLast: duringMs, derFirst: "der-1", derLast: "der-9" },
    createdAtMs: duringMs,
    ...overrides,
  };
}

const many = (count: number, overrides: Partial<DatedFile> = {}) =>
  Array.from({ length: count }, () => fileOf(overrides));

test("a day that goes on is merged by levels, what came late apart", () => {
  assert.equal(planDay(day, [...many(7), ...many(7, { kind: "late" })], duringMs), undefined);
  const rows = many(8);
  const plan = planDay(day, [...rows, ...many(3, { level: 1 })], duringMs);
  assert.deepEqual(plan, { task: "merge", inputs: rows, kind: "rows", level: 1 });
  const late = many(9, { kind: "late", level: 2 });
  assert.deepEqual(planDay(day, [...many(7), ...late], duringMs), {
    ...{ task: "merge", inputs: late, kind: "late", level: 3 },
  });
});

test("a finished day is merged whole once nothing comes to it any more, then gets its cells", () => {
  const files = [fileOf({ level: 2 }), fileOf(), fileOf({ kind: "late" })];
  assert.equal(planDay(day, files, overMs - 1), undefined);
  assert.deepEqual(planDay(day, files, overMs), {
    ...{ task: "merge", inputs: files, kind: "rows", level: 3 },
  });
  const lately = [...files, fileOf({ kind: "late", createdAtMs: overMs })];
  assert.equal(planDay(day, lately, overMs), undefined);
  assert.equal(settledFromMs(day, lately), overMs + limits.archiveQuietMs);
  const merged = fileOf({ level: 3 });
  assert.deepEqual(planDay(day, [merged], overMs), { task: "cells", inputs: [merged] });
  assert.equal(planDay(day, [merged, fileOf({ kind: "cells" })], overMs), undefined);
});

test("full files are left alone as long as they lie side by side", () => {
  const rows = limits.archiveFileRowsMax - 1;
  const beside = Array.from({ length: 20 }, (_, i) => {
    const name = `der-${String(i).padStart(2, "0")}`;
    return fileOf({ rows, derFirst: `${name}-a`, derLast: `${name}-z` });
  });
  assert.equal(planDay(day, beside, duringMs), undefined);
  assert.equal(planDay(day, beside, overMs)?.task, "cells");
  const over = many(8, { rows });
  assert.deepEqual(planDay(day, over, duringMs), {
    ...{ task: "merge", inputs: over, kind: "rows", level: 1 },
  });
});

test("a day without readings has nothing to wait for", () => {
  assert.equal(planDay(day, [], overMs), undefined);
  assert.equal(settledFromMs(day, []), Number.POSITIVE_INFINITY);
});
