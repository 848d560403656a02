import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdirSync, watch } from "node:fs";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { createConditions } from "../support/conditions.ts";
import { createCommandUser } from "./command.ts";

const rows = "a,b\r\n".repeat(1_000);
const posix = {
  skip: process.platform === "win32" ? "Windows has neither modes nor pipes" : false,
};

test("a file that is replaced keeps its mode, and a link stays one", posix, async (t) => {
  const { history, folder } = await open(t, (response) => response.end(rows));
  const file = join(folder, "mine.csv");
  const link = join(folder, "link.csv");
  await writeFile(file, "before");
  await chmod(file, 0o600);
  await symlink(file, link);
  const { code, stderr } = await history(link).ended();
  assert.equal(code, 0, stderr);
  assert.equal(await readFile(file, "utf8"), rows);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.ok((await lstat(link)).isSymbolicLink());
  assert.deepEqual((await readdir(folder)).sort(), ["link.csv", "mine.csv"]);
});

test("a named pipe is written into, and stays one", posix, async (t) => {
  const { history, folder } = await open(t, (response) => response.end(rows));
  const pipe = join(folder, "pipe.csv");
  await promisify(execFile)("mkfifo", [pipe]);
  const reading = readFile(pipe, "utf8");
  const { code, stderr } = await history(pipe).ended();
  assert.equal(code, 0, stderr);
  assert.equal(await reading, rows);
  assert.ok((await lstat(pipe)).isFIFO());
});

test("Ctrl-C ends what waits for a reader of a named pipe", posix, async (t) => {
  const { promise: hasAsked, resolve } = Promise.withResolvers<void>();
  const { history, folder } = await open(t, (response) => response.end(rows, resolve));
  const pipe = join(folder, "pipe.csv");
  await promisify(execFile)("mkfifo", [pipe]);
  const running = history(pipe);
  await hasAsked;
  running.signal("SIGINT");
  assert.equal((await running.ended()).code, 130);
});

test("a folder, and a path into none, are told before the hub is asked", async (t) => {
  const { history, folder, asked } = await open(t, (response) => response.end(rows));
  await mkdir(join(folder, "dir.csv"));
  const isFolder = await history(join(folder, "dir.csv")).ended();
  assert.equal(isFolder.code, 2);
  assert.match(isFolder.stderr, /--output is .*dir\.csv.*, which is a folder/);
  const isInNone = await history(join(folder, "none", "x.csv")).ended();
  assert.equal(isInNone.code, 2);
  assert.match(isInNone.stderr, /x\.csv.*; there is no folder .*none/);
  assert.deepEqual(asked, []);
});

test("Ctrl-C leaves nothing unfinished behind", posix, async (t) => {
  const { history, folder } = await open(t, (response) => response.write(rows));
  const path = join(folder, "x.csv");
  const running = history(path);
  const conditions = createConditions();
  const watcher = watch(folder, () => conditions.changed());
  t.after(() => watcher.close());
  await conditions.until("a file is begun", () => readdirSync(folder).length > 0);
  running.signal("SIGINT");
  assert.equal((await running.ended()).code, 130);
  assert.deepEqual(await readdir(folder), []);
});

test("an answer that is cut off is a hub that was lost, and no file", async (t) => {
  const { history, folder } = await open(t, (response) =>
    response.write(rows, () => response.destroy()),
  );
  const { code, stderr } = await history(join(folder, "x.csv")).ended();
  assert.equal(code, 6);
  assert.equal(JSON.parse(stderr).error, "connection_lost");
  assert.deepEqual(await readdir(folder), []);
});

/** `answer` gives what a hub would, to whoever asks. */
async function open(t: TestContext, answer: (response: ServerResponse) => void) {
  const asked: (string | undefined)[] = [];
  const server = createServer(({ url }, response) => {
    asked.push(url);
    response.setHeader("content-type", "text/csv");
    answer(response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const folder = await mkdtemp(join(tmpdir(), "novacore-output-"));
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const env = { NOVACORE_URL: `http://127.0.0.1:${address.port}`, NOVACORE_TOKEN: "token" };
  const person = await createCommandUser(t);
  const history = (path: string) => {
    const program = person.start(["history", "--site", "s", "--output", path, "--json"], { env });
    return {
      signal: program.signal,
      async ended() {
        const { code } = await program.ended;
        return { code, stderr: program.stderr() };
      },
    };
  };
  return { history, folder, asked };
}
