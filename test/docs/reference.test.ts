import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { writeReference } from "@novacore/reference";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("everything that the client and the protocol export has a doc comment", async () => {
  assert.deepEqual(await writeReference({ root }), []);
});
