#!/usr/bin/env node
/** The command as a program: reads arguments, environment and signals, and is the only file that does. */
import { constants } from "node:os";
import { run } from "./run.ts";
import { Ending } from "./terminal.ts";

/** A terminal's Ctrl-C arrives twice within milliseconds: from the terminal, and again from npx. */
const sameSignalMs = 500;

const stop = new AbortController();
let stoppedMs = 0;
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => {
    const exitCode = 128 + constants.signals[name];
    if (!stop.signal.aborted) {
      stoppedMs = performance.now();
      stop.abort(new Ending(`Ended by ${name}.`, exitCode));
    } else if (performance.now() - stoppedMs > sameSignalMs) process.exit(exitCode); // it means now
  });
}
process.stdout.on("error", (error) => {
  // A reader that has enough, as `head` has, is no failure.
  if ("code" in error && error.code === "EPIPE") {
    return stop.abort(new Ending("Nobody reads any more.", 0));
  }
  process.stderr.write(`novacore: The answer cannot be written: ${error.message}.\n`);
  process.exitCode = 1; // also where the command has ended by now
  stop.abort(new Ending("The answer cannot be written.", 1));
});
process.stderr.on("error", () => undefined); // there is nobody left to tell

process.exitCode = await run({
  args: process.argv.slice(2),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
});
// What an interrupted command left open must not keep the process alive.
if (stop.signal.aborted) process.exit();
