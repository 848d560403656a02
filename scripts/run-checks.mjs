/**
 * Every gate that is not a test, each with one line: pass or fail and how long it took. All of them
 * run whatever fails, and what a failing one said is shown.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { script } from "./run-node.mjs";
import { root } from "./setup.mjs";

const installed = (path) => join(root, "node_modules", ...path.split("/"));

const checks = [
  ["format and lint", [installed("@biomejs/biome/bin/biome"), "check", "--error-on-warnings", "."]],
  ["types", [installed("typescript/bin/tsc"), "-p", "."]],
  ["dead code", [installed("knip/bin/knip.js")]],
  ["layout", [script("layout.mjs")]],
];

let failed = 0;
for (const [name, args] of checks) {
  const startedMs = performance.now();
  const { code, output } = await runCheck(args);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(`${code === 0 ? "pass" : "FAIL"}  ${name.padEnd(16)} ${seconds} s\n`);
  if (code !== 0) {
    failed += 1;
    process.stdout.write(`${output.trimEnd()}\n\n`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;

function runCheck(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.once("error", (error) => resolve({ code: 1, output: error.message }));
    child.once("close", (code) => resolve({ code, output }));
  });
}
