import assert from "node:assert/strict";
import { test } from "node:test";
import { lackText } from "./simulation-summary.ts";

test("a run lacks nothing when the hub has stored or refused all, or was not asked", () => {
  const refused = { reading_in_future: 3 };
  assert.equal(lackText({ found: { stored: 7, refused, missing: 0 } }), undefined);
  assert.equal(lackText({ found: undefined }), undefined);
});

test("what is missing, and what is too much, is said with its number", () => {
  assert.match(lackText({ found: { stored: 7, refused: {}, missing: 2 } }) ?? "", /refused 2 /);
  assert.match(lackText({ found: { stored: 9, refused: {}, missing: -2 } }) ?? "", /has 2 .*more/);
});
