import assert from "node:assert/strict";
import { glob, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runProgram } from "../support/program.ts";
import { readBlocks } from "./protocol-blocks.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const compiler = join(root, "node_modules/typescript/bin/tsc");

/** What documents say that their snippets are given. */
const given = ["baseUrl", "token", "key", "orgId", "siteId", "serial", "mqttUrl", "keyPath"];
const givenToGateways = ["spoolPath", "newSpoolPath", "identityId", "integrationKey"];

/** Where imports find the packages as sources beside it do. */
let folder: string;

before(async () => {
  const cache = join(root, "node_modules", ".cache");
  await mkdir(cache, { recursive: true });
  folder = await mkdtemp(join(cache, "novacore-snippets-"));
});
after(() => rm(folder, { recursive: true, force: true }));

test("every snippet of TypeScript in the documents holds its types", async () => {
  const names = [...given, ...givenToGateways];
  const files = { "given.d.ts": names.map((name) => `declare const ${name}: string;`).join("\n") };
  const patterns = ["*.md", "docs/*.md", "packages/*/README.md", "examples/**/*.md"];
  for await (const path of glob(patterns, { cwd: root, exclude: ["**/node_modules/**"] })) {
    for (const { language, line, text } of readBlocks(await readFile(join(root, path), "utf8"))) {
      const name = `${path.replaceAll("/", "-")}-line-${line}.ts`;
      // A module also without imports, so that names of one are not those of another.
      if (/^(ts|typescript)\b/.test(language)) {
        Object.assign(files, { [name]: `${text}\nexport {};\n` });
      }
    }
  }
  assert.ok(Object.keys(files).length > 10);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const config = { extends: join(root, "tsconfig.json"), files: Object.keys(files), include: [] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  await runProgram(process.execPath, [compiler, "-p", folder]);
});
