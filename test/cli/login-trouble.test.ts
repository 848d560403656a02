import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createPerson } from "@novacore/simulator";
import { startHub, type TestHub } from "../support/hub.ts";
import { startProgram } from "../support/program.ts";
import { cliProgram, createCommandUser } from "./command.ts";

const isWindows = process.platform === "win32" ? "Windows has no file modes" : false;
const noFullDisk = existsSync("/dev/full") ? false : "there is no /dev/full";

let hub: TestHub;

before(async () => {
  hub = await startHub();
});
after(() => hub?.close());

test("a folder that cannot be written is told, and the new token used", async (t) => {
  const person = await createCommandUser(t);
  await person.json(["login", "--url", hub.url]);
  const path = join(person.configHome, "novacore", "profiles", "default", "profile.json");
  const { token: _, ...kept } = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...kept, token: "ended" }));
  // As on a file system that is read-only, which root cannot write either.
  const allowed = ["--allow-fs-read=*", "--allow-net", "--allow-child-process", "--allow-addons"];
  const env = { NODE_OPTIONS: ["--permission", ...allowed].join(" "), NODE_NO_WARNINGS: "1" };
  const { code, stdout, stderr } = await person.run(["whoami", "--json"], { env });
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).id, kept.identity_id);
  assert.match(stderr, /^The new token cannot be kept, and each command will ask for one: /m);
});

test("a profile that cannot be read is told", async (t) => {
  const person = await createCommandUser(t);
  const file = join(person.configHome, "file");
  await writeFile(file, "");
  const { code, stderr } = await person.run(["whoami"], { env: { XDG_CONFIG_HOME: file } });
  assert.equal(code, 1);
  assert.match(stderr, /The profile cannot be read: ENOTDIR/);
});

test("a key file that others can read is refused", { skip: isWindows }, async (t) => {
  const person = await createCommandUser(t);
  const file = join(person.configHome, "key.pem");
  const pem = createPerson().privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  await writeFile(file, pem, { mode: 0o644 });
  const { code, stderr } = await person.run(["login", "--url", hub.url, "--key", file]);
  assert.equal(code, 1);
  assert.match(stderr, /key\.pem is open to other users \(mode 644\); chmod 600/);
});

test("who has no key to add is told how to make one", async (t) => {
  const person = await createCommandUser(t);
  await person.json(["login", "--url", hub.url]);
  const { code, stderr } = await person.run(["key", "add", "/none/laptop.pem"]);
  assert.equal(code, 1);
  assert.match(stderr, /there is no file \/none\/laptop\.pem\. Make one by: openssl genpkey/);
});

test("an answer that cannot be written is told", { skip: noFullDisk }, async (t) => {
  const person = await createCommandUser(t);
  const command = ["-c", 'exec "$0" "$@" > /dev/full', process.execPath, cliProgram, "help"];
  const program = startProgram("bash", command, { env: { XDG_CONFIG_HOME: person.configHome } });
  const { code } = await program.ended;
  assert.equal(code, 1);
  assert.match(program.stderr(), /^novacore: The answer cannot be written: ENOSPC.*\n$/);
});
