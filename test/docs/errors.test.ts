import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { errorTable } from "@novacore/protocol";

test("docs/errors.md and the error table say the same, both ways", async () => {
  const document = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");
  const documented = new Map(
    [...document.matchAll(/^\| `(\w+)` \| (\d+) \| (\d*) \| (yes|no) \| (.+) \|$/gm)].map((row) => [
      row[1],
      row.slice(2).join(" | "),
    ]),
  );
  const expected = new Map<string | undefined, string>(
    Object.entries(errorTable).map(([code, row]) => [
      code,
      [
        row.status,
        "close" in row ? row.close : "",
        row.retryable ? "yes" : "no",
        row.sentence,
      ].join(" | "),
    ]),
  );
  assert.deepEqual(documented, expected);
});
