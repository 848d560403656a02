import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chooseHubPorts } from "../support/demo-hub.ts";
import { commandLines } from "../support/processes.ts";
import { type Program, startProgram } from "../support/program.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const skip = process.platform === "win32" && "there are no signals";

const ends: Record<string, (npm: Program) => void> = {
  "SIGTERM to npm alone": ({ pid }) => {
    process.kill(pid, "SIGTERM");
  },
  "Ctrl-C in its terminal": (npm) => npm.signal("SIGINT"),
};

for (const [name, end] of Object.entries(ends)) {
  test(`${name} stops everything that npm start has started, once`, {
    skip,
    timeout: 60_000,
  }, async (t) => {
    const { npm, dataDir } = await startNpm(t);
    end(npm);
    // Its output is at an end when the last of them has let go of it.
    await npm.ended;
    assert.equal(npm.stderr().match(/^Stopping: /gm)?.length, 1, npm.stderr());
    assert.match(npm.stderr(), /^Stopped\.$/m);
    const left = commandLines().filter((line) => line.includes(dataDir));
    assert.deepEqual(left, []);
  });
}

async function startNpm(t: TestContext): Promise<{ npm: Program; dataDir: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), "novacore-test-"));
  const env = { NOVACORE_DATA_DIR: dataDir, ...(await chooseHubPorts()) };
  const npm = startProgram("npm", ["start", "--", "--no-demo"], { cwd: root, env });
  t.after(async () => {
    npm.signal("SIGTERM");
    await npm.ended;
    await rm(dataDir, { recursive: true, force: true });
  });
  await npm.until("the hub is ready", () => npm.stderr().includes("Novacore is ready."));
  return { npm, dataDir };
}
