import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";

test("what a test has opened is closed in reverse, and all of it when one thing cannot be", async () => {
  const module = JSON.stringify(new URL("at-end.ts", import.meta.url).href);
  const program = `
    import { test } from "node:test";
    import { atEnd } from ${module};
    test("a test", (t) => {
      const server = setInterval(() => undefined, 1_000);
      atEnd(t, () => clearInterval(server));
      atEnd(t, () => { throw new Error("cannot be closed"); });
      atEnd(t, () => console.log("closed first"));
    });`;
  // It would never end with its server running.
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 60_000,
  });
  const [said] = await Promise.all([text(child.stdout), once(child, "exit")]);
  assert.deepEqual([child.exitCode, child.signalCode], [1, null]);
  assert.ok(said.indexOf("closed first") < said.indexOf("cannot be closed"), said);
});
