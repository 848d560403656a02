import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { originSchema, readingSchemas } from "@novacore/protocol";
import { readingShapes } from "@novacore/reference";

test("the readings' types are those of the schemas; `npm run api-types` writes them anew", async (t) => {
  const path = new URL("../../packages/protocol/src/reading-shapes.ts", import.meta.url);
  const text = await readingShapes([...Object.values(readingSchemas), originSchema]);
  t.assert.fileSnapshot(text, fileURLToPath(path), { serializers: [String] });
});
