import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { settings } from "../../packages/server/src/config.ts";
import { createMetrics } from "../../packages/server/src/observe/metrics.ts";

const document = await readFile(new URL("../../docs/operating.md", import.meta.url), "utf8");

test("docs/operating.md lists every setting with its default, and no other", () => {
  const documented = [...document.matchAll(/^\| `([A-Z_]+)` \| (.+?) \| (.+) \|$/gm)].map((row) =>
    row.slice(1, 4),
  );
  const expected = Object.values(settings).map((setting) => [
    setting.env,
    setting.default,
    setting.description,
  ]);
  assert.deepEqual(documented, expected);
});

test("docs/operating.md lists every metric, and no other", async () => {
  const documented = [...document.matchAll(/^\| `(novacore_\w+)` \|/gm)].map((row) => row[1]);
  const metrics = await createMetrics().registry.getMetricsAsJSON();
  const expected = metrics.map(({ name }) => name).filter((name) => name.startsWith("novacore_"));
  assert.deepEqual(documented.toSorted(), expected.toSorted());
});
