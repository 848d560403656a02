import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeCursor, encodeCursor } from "./cursor.ts";

const epoch = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const sequence = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

test("a cursor comes back as the position it was made from", () => {
  fc.assert(
    fc.property(epoch, sequence, (epoch, sequence) => {
      assert.deepEqual(decodeCursor(encodeCursor({ epoch, sequence })), { epoch, sequence });
    }),
  );
});

test("a cursor is one URL-safe word", () => {
  fc.assert(
    fc.property(epoch, sequence, (epoch, sequence) => {
      assert.match(encodeCursor({ epoch, sequence }), /^[A-Za-z0-9_-]{19}$/);
    }),
  );
});

test("text that is no cursor decodes to undefined and never throws", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      const cursor = decodeCursor(text);
      if (cursor !== undefined) assert.equal(encodeCursor(cursor), text);
    }),
  );
  for (const text of [
    "",
    "0",
    "AAAAAAAAAAAAAAAAAAA",
    `${encodeCursor({ epoch: 1, sequence: 1 })}A`,
  ]) {
    assert.equal(decodeCursor(text), undefined, text);
  }
});

test("a position that no stream can have is refused with its value", () => {
  assert.throws(() => encodeCursor({ epoch: -1, sequence: 0 }), /epoch.*-1/);
  assert.throws(() => encodeCursor({ epoch: 2 ** 48, sequence: 0 }), /epoch/);
  assert.throws(() => encodeCursor({ epoch: 0, sequence: 1.5 }), /sequence.*1\.5/);
});
