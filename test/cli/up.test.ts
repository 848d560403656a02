import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { chooseHubPorts } from "../support/demo-hub.ts";
import { commandLines } from "../support/processes.ts";
import { startProgram } from "../support/program.ts";
import { createCommandUser } from "./command.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const skip = process.platform === "win32" && "there are no signals";

test("SIGTERM to npx alone stops what it has started", { skip, timeout: 120_000 }, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), "novacore-test-"));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const env = { NOVACORE_DATA_DIR: dataDir, ...(await chooseHubPorts()) };
  const npx = startProgram("npx", ["novacore", "up", "--no-demo"], { cwd: root, env });
  t.after(() => npx.signal("SIGTERM"));
  await npx.until("the hub is ready", () => npx.stderr().includes("Novacore is ready."));
  process.kill(npx.pid, "SIGTERM");
  // Its output is at an end when the last of them has let go of it.
  await npx.ended;
  assert.match(npx.stderr(), /^Stopped\.$/m);
  assert.deepEqual(
    commandLines().filter((line) => line.includes(dataDir)),
    [],
  );
});

for (const name of ["SIGINT", "SIGTERM"] as const) {
  test(`up starts a hub that its own command logs in to, and ${name} stops it all, once`, {
    skip,
  }, async (t) => {
    const dataDir = await mkdtemp(join(tmpdir(), "novacore-test-"));
    t.after(() => rm(dataDir, { recursive: true, force: true }));
    const ports = await chooseHubPorts();
    const person = await createCommandUser(t);
    const up = person.start(["up", "--no-demo"], { env: { NOVACORE_DATA_DIR: dataDir, ...ports } });
    await up.until("the hub is ready", () => up.stderr().includes("Novacore is ready."));
    await person.json(["login", "--url", `http://127.0.0.1:${ports.NOVACORE_HTTP_PORT}`]);
    // Ctrl-C goes to every process of the terminal, SIGTERM to the command alone.
    if (name === "SIGINT") up.signal(name);
    else process.kill(up.pid, name);
    const { code } = await up.ended;
    assert.equal(code, name === "SIGINT" ? 130 : 143);
    assert.equal(up.stderr().match(/^Stopping: /gm)?.length, 1, up.stderr());
    assert.match(up.stderr(), /^Stopped\.$/m);
    assert.deepEqual(
      commandLines().filter((line) => line.includes(dataDir)),
      [],
    );
  });
}
