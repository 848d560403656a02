import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NovacoreError } from "@novacore/protocol";
import { toNewPosition, toPosition } from "./consumer-position.ts";

const nowMs = Date.UTC(2026, 0, 31, 12);
const sinceMsOf = (since: string | number) => {
  const position = toPosition({ since }, nowMs);
  return position.kind === "since" ? position.sinceMs : undefined;
};

describe("the time that a consumer starts at", () => {
  it("is epoch milliseconds, as number or text, or ISO-8601", () => {
    assert.equal(sinceMsOf(nowMs - 1_000), nowMs - 1_000);
    assert.equal(sinceMsOf(`${nowMs}`), nowMs);
    assert.equal(sinceMsOf("2026-01-31T13:00:00+01:00"), nowMs);
  });
  it("is 0 for everything, and may be ahead as far as clocks differ", () => {
    assert.equal(sinceMsOf(0), 0);
    assert.equal(sinceMsOf("1970-01-01T00:00:00Z"), 0);
    assert.equal(sinceMsOf(nowMs + 60_000), nowMs + 60_000);
  });

  const refusals: [since: string | number, message: RegExp][] = [
    [1_763_000_000, /1763000000, .* milliseconds is 1970-01-21T09:43:20.000Z; .*\(not seconds\)/],
    ["1763000000", /1763000000, .* milliseconds is 1970-01-21T09:43:20.000Z; .*\(not seconds\)/],
    ["1970-01-21T09:43:20Z", /is 1970-01-21T09:43:20.000Z; give epoch milliseconds/],
    [nowMs + 600_000, /is 2026-01-31T12:10:00.000Z, in the future .*2026-01-31T12:00:00.000Z/],
    ["9999-12-31T00:00:00Z", /9999-12-31T00:00:00.000Z, in the future/],
    ["2026-01-31T12:00:60Z", /2026-01-31T12:00:60Z, which is no time/],
  ];
  for (const [since, message] of refusals) {
    it(`is not ${since}`, () => {
      assert.throws(() => sinceMsOf(since), { code: "validation_failed", message });
    });
  }
});

describe("where a consumer goes", () => {
  const pathOf = (fault: () => unknown) => {
    try {
      fault();
    } catch (error) {
      if (error instanceof NovacoreError) return error.details[0]?.path;
      throw error;
    }
    return undefined;
  };

  it("is the end for a new one that is told nothing, and nowhere for one that exists", () => {
    assert.deepEqual(toPosition({}, nowMs), { kind: "new" });
    assert.equal(
      pathOf(() => toNewPosition({}, nowMs)),
      "/since",
    );
    assert.deepEqual(toNewPosition({ start: "new" }, nowMs), { kind: "new" });
    assert.deepEqual(toNewPosition({ start: "last_per_der" }, nowMs), { kind: "last_per_der" });
  });
  it("is one place", () => {
    assert.equal(
      pathOf(() => toPosition({ since: 0, cursor: "x" }, nowMs)),
      "/since",
    );
  });
  it("is the oldest only where a position can be older", () => {
    const fromOldest = { from_oldest: true };
    assert.equal(
      pathOf(() => toPosition(fromOldest, nowMs)),
      "/from_oldest",
    );
    assert.equal(
      pathOf(() => toNewPosition({ start: "new", ...fromOldest }, nowMs)),
      "/from_oldest",
    );
    const expected = { kind: "since", sinceMs: 0, fromOldest: true };
    assert.deepEqual(toNewPosition({ since: 0, ...fromOldest }, nowMs), expected);
  });
});
