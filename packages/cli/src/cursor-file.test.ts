import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { CursorFile } from "./cursor-file.ts";

function openFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "novacore-cursor-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("a position is kept, read by the next run, and at most once a second on the way", (t) => {
  const folder = openFolder(t);
  const path = join(folder, "position");
  let nowMs = 0;
  const file = new CursorFile(path, () => nowMs);
  const content = () => readFileSync(path, "utf8");
  assert.equal(file.read(), undefined);
  file.keep("first");
  assert.equal(content(), "first\n");
  nowMs = 999;
  file.keep("second");
  assert.equal(content(), "first\n");
  nowMs = 1_000;
  file.keep("third");
  assert.equal(content(), "third\n");
  file.save("fourth");
  assert.equal(new CursorFile(path).read(), "fourth");
  file.save(undefined);
  assert.equal(content(), "fourth\n", "no position is none to keep");
  assert.deepEqual(readdirSync(folder), ["position"]);
});

test("a file that holds something else is refused, and stays as it is", (t) => {
  const path = join(openFolder(t), "notes.txt");
  writeFileSync(path, "buy milk\n");
  assert.throws(() => new CursorFile(path).read(), /notes\.txt holds no cursor/);
  assert.equal(readFileSync(path, "utf8"), "buy milk\n");
});
