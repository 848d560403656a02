import assert from "node:assert/strict";
import { test } from "node:test";
import { NovacoreError } from "@novacore/client";
import { errorTable } from "@novacore/protocol";
import { outcomeOf, sentenceOf, UsageError } from "./failure.ts";

const exitCodeByStatus: Readonly<Record<number, number>> = { 401: 3, 403: 4, 404: 5, 503: 6 };

/** What the hub finds wrong in what stood on the command line. */
const ofCommandLine: ReadonlySet<string> = new Set([
  "validation_failed",
  "cursor_invalid",
  "key_invalid",
]);

test("each code of the hub's table ends the command as its status says", () => {
  for (const [code, { status }] of Object.entries(errorTable)) {
    const { exitCode } = outcomeOf(new NovacoreError(code, "No."));
    const expected = ofCommandLine.has(code) ? 2 : (exitCodeByStatus[status] ?? 1);
    assert.equal(exitCode, expected, code);
  }
});

test("a wrong command line, a hub out of reach and any other failure are told apart", () => {
  assert.deepEqual(outcomeOf(new UsageError("Wrong.")), { exitCode: 2, code: "usage" });
  assert.equal(outcomeOf(new NovacoreError("unreachable", "Gone.")).exitCode, 6);
  assert.deepEqual(outcomeOf(new Error("Oh.")), { exitCode: 1, code: "failed" });
});

test("the sentence has what was wrong with which member, once", () => {
  const details = [
    { path: "/name", message: "is too long" },
    { path: "/org_id", message: "is missing" },
  ];
  const error = new NovacoreError("validation_failed", "/name is too long.", { details });
  assert.equal(sentenceOf(error), "/name is too long.\n  /org_id is missing");
});
