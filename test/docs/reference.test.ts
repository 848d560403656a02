import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { undocumentedMembers, writeReference } from "@novacore/reference";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("everything that the client and the protocol export has a doc comment", async () => {
  assert.deepEqual(await writeReference({ root }), []);
});

test("every member of a reading has a doc comment", () => {
  const client = join(root, "packages/client/src/index.ts");
  assert.deepEqual(undocumentedMembers(client, "EnrichedReading"), []);
});
