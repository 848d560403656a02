import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeCursor, NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import {
  filterKey,
  parseSelection,
  parseSelectionQuery,
  parseSiteIds,
  startOf,
} from "./selection.ts";

const refusal = (code: string, path?: string) => (error: unknown) =>
  error instanceof NovacoreError &&
  error.code === code &&
  (path === undefined || error.details.some((detail) => detail.path.startsWith(path)));

test("a query and an object say the same", () => {
  const fromQuery = parseSelectionQuery({
    types: "pv,meter",
    ders: ["der-1", "der-2,der-3"],
    min_interval_ms: "500",
    snapshot: "",
    since: "",
    events: "all",
    ticket: "x",
  });
  const fromObject = parseSelection({
    types: ["pv", "meter"],
    ders: ["der-1", "der-2", "der-3"],
    min_interval_ms: 500,
    snapshot: true,
  });
  assert.deepEqual(fromQuery, fromObject);
});

test("values that are not allowed are refused with their path", () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ types: ["solar"] }, "/types/0"],
    [{ types: [] }, "/types"],
    [{ ders: ["a.b"] }, "/ders/0"],
    [{ devices: Array.from({ length: limits.filterIdsMax + 1 }, () => "d") }, "/devices"],
    [{ min_interval_ms: limits.minIntervalMs - 1 }, "/min_interval_ms"],
    [{ min_interval_ms: limits.minIntervalMsMax + 1 }, "/min_interval_ms"],
    [{ mode: "some" }, "/mode"],
    [{ mode: "all", min_interval_ms: 1_000 }, "/mode"],
    [{ snapshot: "yes" }, "/snapshot"],
    [{ since: "x".repeat(41) }, "/since"],
  ];
  for (const [input, path] of cases) {
    assert.throws(() => parseSelection(input), refusal("validation_failed", path), path);
  }
  assert.throws(
    () => parseSelectionQuery({ min_interval_ms: "1e3" }),
    refusal("validation_failed"),
  );
  assert.throws(() => parseSelectionQuery({ snapshot: "maybe" }), refusal("validation_failed"));
});

test("a stream starts now, at a time, or after a cursor", () => {
  const cursor = encodeCursor({ epoch: 5, sequence: 9 });
  const at = { kind: "cursor", epoch: 5, sequence: 9 };
  assert.deepEqual(startOf({}), { kind: "live" });
  assert.deepEqual(startOf({ since: "1700000000000" }), { kind: "time", timeMs: 1.7e12 });
  assert.deepEqual(startOf({ since: "2026-01-01T00:00:00Z" }), {
    kind: "time",
    timeMs: Date.UTC(2026, 0, 1),
  });
  assert.deepEqual(startOf({ since: cursor }), at);
  assert.deepEqual(startOf({ cursor, since: "0" }), at);
  assert.throws(() => startOf({ since: "yesterday" }), refusal("validation_failed", "/since"));
  assert.throws(() => startOf({ since: 1_795_924_980 }), /looks like seconds, of 2026-11-29T/);
  assert.throws(() => startOf({ cursor: "nonsense" }), refusal("cursor_invalid"));
});

test("a cursor that could split an event is refused by the name of the attack", () => {
  for (const cursor of ["a\ndata: x", "a\r", "a\0"]) {
    assert.throws(() => startOf({ cursor }), /split an SSE event/);
  }
});

test("site ids are listed by repetition or comma, each once, so many and no more", () => {
  assert.deepEqual(parseSiteIds(["a", "b,a"]), ["a", "b"]);
  assert.throws(() => parseSiteIds(undefined), refusal("validation_failed", "/site"));
  assert.throws(() => parseSiteIds("a.>"), refusal("validation_failed", "/site"));
  const many = Array.from({ length: limits.streamSitesMax + 1 }, (_, i) => `s${i}`);
  assert.throws(() => parseSiteIds(many), refusal("validation_failed", "/site"));
});

test("equal filters have equal keys, others do not", () => {
  assert.equal(filterKey({ types: ["pv", "meter"] }), filterKey({ types: ["meter", "pv"] }));
  assert.notEqual(filterKey({ ders: ["a"] }), filterKey({ devices: ["a"] }));
});
