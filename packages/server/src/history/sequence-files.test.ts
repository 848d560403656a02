import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../limits.ts";
import { type PlacedFile, placeFile, windowAfter } from "./sequence-files.ts";

const file = (first: number, last: number, rows = last - first + 1): PlacedFile => ({
  ...{ orgId: "org-1", path: `${first}-${last}`, first, last, rows },
  ...{ bytes: 1, timestampFirst: 0, timestampLast: 0 },
});
const pathsOf = (files: readonly PlacedFile[]) => files.map(({ path }) => path);

test("a window ends where the next file begins, once there is enough before it", () => {
  const files = [file(201, 300), file(1, 100), file(101, 200)];
  const window = windowAfter(files, 50, 1_000, 60);
  assert.deepEqual(pathsOf(window.files), ["1-100", "101-200"]);
  assert.equal(window.upTo, 200);
  assert.equal(windowAfter(files, 50, 120, 60).upTo, 120);
  assert.deepEqual(windowAfter([], 50, 120, 60), { files: [], upTo: 120 });
});

test("a window is of so many files, however few readings they have", () => {
  const files = Array.from({ length: limits.archiveScanFiles + 1 }, (_, i) => file(i + 1, i + 1));
  const window = windowAfter(files, 0, 1_000, 1_000);
  assert.equal(window.files.length, limits.archiveScanFiles);
  assert.equal(window.upTo, limits.archiveScanFiles);
});

test("a merged file that ends in a later epoch is always looked through", () => {
  const placed = placeFile(
    {
      ...{
        path: "p",
        orgId: "org-1",
        day: "2026-06-01",
        kind: "rows",
        level: 1,
        rows: 1,
        bytes: 1,
      },
      sequences: { epoch: 2, first: 7, last: 9 },
      ...{ timestampFirst: 0, timestampLast: 0, derFirst: "", derLast: "" },
    },
    1,
  );
  assert.deepEqual(pathsOf(windowAfter([placed], 500, 600, 10).files), ["p"]);
});

test("however files lie over one another, windows follow each other and leave no reading out", () => {
  const range = fc.record({ first: fc.integer({ min: 1, max: 200 }), length: fc.nat(50) });
  fc.assert(
    fc.property(
      fc.array(range, { maxLength: 12 }),
      fc.nat(100),
      fc.nat(60),
      (ranges, start, most) => {
        const files = ranges.map(({ first, length }) => file(first, first + length));
        for (let after = start; after < 250; ) {
          const window = windowAfter(files, after, 250, most);
          assert.ok(window.upTo > after && window.upTo <= 250);
          for (const { first, last, path } of files) {
            const isTouched = last > after && first <= window.upTo;
            if (isTouched) assert.ok(pathsOf(window.files).includes(path), path);
          }
          after = window.upTo;
        }
      },
    ),
  );
});
