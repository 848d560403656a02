import { type ChildProcess, spawn } from "node:child_process";
import { limits } from "../limits.ts";
import { forwardServerLog, type Log } from "./server-log.ts";
import { watchOver } from "./watchdog.ts";

/** A nats-server process of ours that has announced that it is ready. */
export interface NatsChild {
  readonly pid: number;
  /** Resolves when the process has ended, with how it ended. */
  readonly ended: Promise<string>;
  /** Asks it to stop, and makes it after `natsStopMs`. */
  stop(): Promise<void>;
}

/** Why nats-server did not start; `port` when it could not listen there. */
export class NatsStartFailed extends Error {
  override readonly name = "NatsStartFailed";
  readonly port: number | undefined;

  constructor(reason: string, port: number | undefined) {
    super(reason);
    this.port = port;
  }
}

/** Starts the process and waits until every listener is up. Rejects with NatsStartFailed. */
export async function startChild(
  binary: string,
  configPath: string,
  log: Log,
  onSpawn: (pid: number) => void,
): Promise<NatsChild> {
  const child = spawn(binary, ["-c", configPath], {
    stdio: ["ignore", "ignore", "pipe"],
    // A process group of its own: a terminal's Ctrl-C would otherwise stop it under the hub.
    detached: true,
    windowsHide: true,
  });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const failures: string[] = [];
  const ready = new Promise<"ready">((resolve) => {
    forwardServerLog(child.stderr, log, (level, text) => {
      if (level === "FTL" || text.startsWith("nats-server:")) failures.push(text);
      // Its last line of a start, after the listeners of MQTT and WebSocket.
      if (text === "Server is ready") resolve("ready");
    });
  });
  if (child.pid === undefined) throw new NatsStartFailed(await ended, undefined);
  onSpawn(child.pid);
  const watchdog = watchOver(child.pid);
  const running = { pid: child.pid, ended, stop: () => stopProcess(child, ended) };
  ended.then(
    () => watchdog.stop(),
    () => watchdog.stop(),
  );

  const outcome = await Promise.race([ready, ended, timeout(limits.natsStartMs)]);
  if (outcome === "ready") return running;
  await running.stop();
  throw startFailure(failures.join("; ") || `it ended with ${outcome}`);
}

function startFailure(reason: string): NatsStartFailed {
  const port = reason.match(/listen tcp\d? \S*:(\d+): /)?.[1];
  return new NatsStartFailed(reason, port === undefined ? undefined : Number(port));
}

async function stopProcess(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), limits.natsStopMs);
  await ended;
  clearTimeout(killer);
}

function timeout(ms: number): Promise<string> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms, `no sign of readiness in ${ms / 1000} s`).unref();
  });
}
