#!/usr/bin/env node
/**
 * The command in a clone, whose sources need a newer Node than some machines have: runs them in this
 * process where it can, else by the Node that the clone has pinned.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const nodeMajorMin = 24; // type stripping without a flag
const main = new URL("../src/main.ts", import.meta.url);

const scripts = (name) => new URL(`../../../scripts/${name}`, import.meta.url).href;
const { compileCache, followParent } = await import(scripts("run-node.mjs"));
// Where npx has started it: what stops npx stops the command as well, with all that it has started.
followParent(() => process.kill(process.pid, "SIGTERM"));

if (Number(process.versions.node.split(".")[0]) >= nodeMajorMin) {
  const { enableCompileCache } = await import("node:module"); // Node 20 has none
  enableCompileCache(process.env.NODE_COMPILE_CACHE ?? compileCache);
  await import(main.href);
} else process.exitCode = await runByPinnedNode();

/** In this terminal's process group, so that a Ctrl-C reaches both and a question can be answered. */
async function runByPinnedNode() {
  const { setUp } = await import(scripts("setup.mjs"));
  const node = await setUp();
  const args = [fileURLToPath(main), ...process.argv.slice(2)];
  const env = { NODE_COMPILE_CACHE: compileCache, ...process.env };
  const child = spawn(node, args, { env, stdio: "inherit" });
  // What the terminal has sent to both of them, the child counts once.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
