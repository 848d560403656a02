/** Runs one of our programs by the pinned Node, handing signals down and the exit code up. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { root } from "./setup.mjs";

/** A terminal's Ctrl-C arrives twice within milliseconds: from the terminal and again from npm. */
const sameSignalMs = 500;
const parentPollMs = 250;
/** Read at once: npm may be ended while dependencies are still being installed. */
const parentPid = process.ppid;

/** Compiled once, sources start in half the time; every program that one of ours starts has it too. */
export const compileCache = join(root, "node_modules", ".cache", "node-compile");

/**
 * Resolves with the exit code. The child gets a process group of its own and every signal once,
 * from here: it would otherwise see each Ctrl-C two or three times, and take the second for "now".
 * A program that looks after its own children gets it alone; with `wholeGroup` they get it too.
 * It holds a channel to us and stops when we are gone, however we went (see follow-parent.mjs).
 */
export function runNode(node, args, { env = {}, wholeGroup = false } = {}) {
  const followParent = new URL("follow-parent.mjs", import.meta.url).href;
  const hasGroup = process.platform !== "win32";
  const child = spawn(node, ["--import", followParent, ...args], {
    cwd: root,
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    detached: hasGroup,
  });
  const stopForwarding = forwardSignals((signal) => {
    if (wholeGroup && hasGroup) process.kill(-child.pid, signal);
    else child.kill(signal);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      stopForwarding();
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

export const script = (name) => join(root, "scripts", name);

function forwardSignals(send) {
  let lastMs = 0;
  const forward = (signal) => {
    const now = Date.now();
    if (now - lastMs > sameSignalMs) send(signal);
    lastMs = now;
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, forward);
  // After a Ctrl-C the shell is gone as well, but that has been said already.
  const stopFollowing = followParent(() => lastMs === 0 && forward("SIGTERM"));
  return () => {
    stopFollowing();
    for (const signal of signals) process.off(signal, forward);
  };
}

/**
 * npm hands a signal on to the shell that it has started us by, which ends without telling us. Who
 * starts us without npm may leave us alone on purpose.
 */
export function followParent(onGone) {
  if (process.env.npm_lifecycle_event === undefined) return () => undefined;
  const timer = setInterval(() => {
    if (process.ppid === parentPid) return;
    clearInterval(timer);
    onGone();
  }, parentPollMs).unref();
  return () => clearInterval(timer);
}
