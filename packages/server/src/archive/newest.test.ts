import assert from "node:assert/strict";
import { test } from "node:test";
import { NewestTimestamps } from "./newest.ts";

const address = (orgId: string, derId: string) => ({ orgId, derId, siteId: "s", deviceId: "d" });

test("what is not newer than all before it of its DER is late", () => {
  const newest = new NewestTimestamps(new Map());
  const isNewer = (derId: string, ms: number) => newest.isNewer(address("a", derId), ms);
  assert.deepEqual(
    [isNewer("x", 5), isNewer("x", 5), isNewer("y", 3), isNewer("x", 4), isNewer("x", 6)],
    [true, false, true, false, true],
  );
});

test("after a start, what is not newer than the organization's archive is late", () => {
  const newest = new NewestTimestamps(new Map([["a", 10]]));
  assert.equal(newest.isNewer(address("a", "x"), 10), false);
  assert.equal(newest.isNewer(address("a", "x"), 11), true);
  assert.equal(newest.isNewer(address("b", "x"), 1), true);
});
