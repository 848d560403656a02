import assert from "node:assert/strict";
import { test } from "node:test";
import { errorTable } from "@novacore/protocol";
import { credentialCodes, retryableCodes } from "./errors.ts";

/** None of the hub's: they are about this side of the wire. */
const ownCodes = ["unreachable", "connection_lost", "connection_silent"];

test("what is tried again is what the hub's table calls retryable", () => {
  const retryable = Object.entries(errorTable).flatMap(([code, row]) =>
    row.retryable ? [code] : [],
  );
  assert.deepEqual([...retryableCodes].toSorted(), [...retryable, ...ownCodes].toSorted());
});

test("what a new credential mends are refusals of one", () => {
  const unauthorized = Object.entries(errorTable).flatMap(([code, { status }]) =>
    status === 401 ? [code] : [],
  );
  for (const code of credentialCodes) assert.ok(unauthorized.includes(code), code);
});
