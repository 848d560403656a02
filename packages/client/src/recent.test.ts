import assert from "node:assert/strict";
import { test } from "node:test";
import { Recent } from "./recent.ts";

test("a key is new once, until so many others have come", () => {
  const recent = new Recent(2);
  const isNew = (keys: string) => [...keys].map((key) => recent.add(key));
  assert.deepEqual(isNew("aabab"), [true, false, true, false, false]);
  assert.deepEqual(isNew("cba"), [true, false, true]);
});
