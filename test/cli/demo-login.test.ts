import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { chooseHubPorts, readDemoDetails, startDemoHub } from "../support/demo-hub.ts";
import { createCommandUser } from "./command.ts";

test("the login that the start prints is of the person to whom the demo belongs", async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), "novacore-test-"));
  const hub = await startDemoHub({ dataDir, ports: await chooseHubPorts() });
  t.after(async () => {
    hub.signal("SIGINT");
    await hub.ended;
    await rm(dataDir, { recursive: true, force: true });
  });
  const printed = /^ {2}npx novacore login --url (\S+) --key '(.+)'$/m.exec(hub.stderr());
  const [, url = "", file = ""] = printed ?? [];
  const person = await createCommandUser(t);
  await person.json(["login", "--url", url, "--key", file]);
  const me = await person.json<{ id: string }>(["whoami"]);
  assert.equal(me.id, readDemoDetails(dataDir).identity_id);
});
