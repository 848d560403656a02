import assert from "node:assert/strict";
import { test } from "node:test";
import { newFilePath } from "./file-names.ts";
import { isInPartition, isPartOf, parseOrgOfPath, partOf } from "./partition.ts";

test("every organization is in one partition, and its position is found by its name", () => {
  const counts = [0, 0, 0];
  for (let i = 0; i < 3_000; i++) {
    const orgId = `org_${i}`;
    const indexes = [0, 1, 2].filter((index) => isInPartition(orgId, { index, count: 3 }));
    assert.equal(indexes.length, 1);
    const [index = 0] = indexes;
    const parts = [0, 1, 2].map((each) => partOf({ index: each, count: 3 }));
    assert.deepEqual(
      parts.filter((part) => isPartOf(part, orgId)),
      [partOf({ index, count: 3 })],
    );
    assert.ok(isPartOf(partOf({ index: 0, count: 1 }), orgId));
    counts[index] = (counts[index] ?? 0) + 1;
  }
  for (const count of counts) assert.ok(count > 800, `${counts}`);
});

test("partitions of different numbers of writers are different ones", () => {
  const parts = [1, 2, 3, 4].flatMap((count) =>
    Array.from({ length: count }, (_, index) => partOf({ index, count })),
  );
  assert.equal(new Set(parts).size, parts.length);
  assert.equal(partOf({ index: 0, count: 1 }), 0);
});

test("a path says whose file it is", () => {
  for (const what of ["rows", "late", "cells"] as const) {
    const path = newFilePath({ orgId: "org-1_A", day: "2026-06-01", what });
    assert.equal(parseOrgOfPath(path), "org-1_A");
  }
  assert.equal(parseOrgOfPath("temp/org=a/x"), undefined);
});
