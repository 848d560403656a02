import { spawn } from "node:child_process";
import { limits } from "../limits.ts";

/**
 * Stops a nats-server when the hub is gone without having done it (`kill -9`, out of memory): a
 * shell that reads from a pipe whose other end only the hub holds, and that gets an end of file
 * however the hub ends. Without it an orphan would keep the ports for ever. Windows has no such
 * shell; there the orphan stays until somebody ends it.
 */
export function watchOver(pid: number): { stop(): void } {
  if (process.platform === "win32") return { stop: () => undefined };
  const seconds = Math.ceil(limits.natsStopMs / 1000);
  const script =
    'read -r _; kill -TERM "$0" || exit 0; for _ in $(seq "$1"); do sleep 1; ' +
    'kill -0 "$0" || exit 0; done; kill -KILL "$0"';
  const shell = spawn("/bin/sh", ["-c", script, String(pid), String(seconds)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true, // a terminal's Ctrl-C is for the hub alone, which then stops both
  });
  shell.on("error", () => undefined); // no /bin/sh: as on Windows
  shell.stdin.on("error", () => undefined); // the pipe of a shell that was stopped
  shell.unref();
  return {
    stop: () => {
      shell.kill("SIGKILL");
    },
  };
}
