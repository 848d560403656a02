import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { limits } from "../limits.ts";

/**
 * A hub that dies by `kill -9` leaves its nats-server behind for the moment that the watchdog needs
 * (see watchdog.ts), or for good where there is none. The next start stops it and starts afresh
 * rather than adopting it: a child of ours reports its exit and its log, an adopted one neither, and
 * what was acknowledged is on disk either way. Gateways see a reconnect, as with any restart.
 *
 * Throws one sentence when the nats-server found belongs to a hub that still runs.
 */
export async function stopOrphan(folder: string, configPath: string): Promise<void> {
  const record = readRecord(folder);
  if (record === undefined) return;
  const found = describeProcess(record.pid);
  // The process id may be anybody's by now: ours is the one that was given our configuration.
  if (found === undefined || !found.command.includes(configPath)) return;
  if (found.parentPid === record.hubPid && record.hubPid !== process.pid) {
    throw new Error(
      `Another hub (process ${record.hubPid}) runs on this data folder; ` +
        "stop it, or give this one its own with NOVACORE_DATA_DIR.",
    );
  }
  signal(record.pid, "SIGTERM");
  const isGone = () => !describeProcess(record.pid)?.command.includes(configPath);
  if (await becomes(isGone, limits.natsStopMs)) return;
  signal(record.pid, "SIGKILL");
  await becomes(isGone, limits.natsStopMs);
}

/** Remembers which nats-server is ours, for the next start. */
export function recordChild(folder: string, pid: number): void {
  const record: ChildRecord = { pid, hubPid: process.pid };
  writeFileSync(recordPath(folder), JSON.stringify(record), { mode: 0o600 });
}

export function forgetChild(folder: string): void {
  rmSync(recordPath(folder), { force: true });
}

interface ChildRecord {
  readonly pid: number;
  readonly hubPid: number;
}

const recordPath = (folder: string): string => join(folder, "nats-server.pid");

function readRecord(folder: string): ChildRecord | undefined {
  if (!existsSync(recordPath(folder))) return undefined;
  try {
    const record: Partial<ChildRecord> = JSON.parse(readFileSync(recordPath(folder), "utf8"));
    const { pid, hubPid } = record;
    return pid === undefined || hubPid === undefined ? undefined : { pid, hubPid };
  } catch (error) {
    // Half a file, written while the machine went down: whatever it named is gone too.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

interface RunningProcess {
  readonly parentPid: number;
  readonly command: string;
}

/**
 * Undefined when there is no such process, or the platform cannot say. One that has ended but that
 * nobody has collected yet has an empty command.
 */
function describeProcess(pid: number): RunningProcess | undefined {
  if (process.platform === "win32") return undefined;
  if (existsSync("/proc/self/stat")) return describeByProc(pid);
  try {
    const args = ["-ww", "-o", "ppid=,command=", "-p", String(pid)];
    const [, parentPid, command] =
      execFileSync("ps", args, { encoding: "utf8" }).match(/^\s*(\d+)\s+(.*)/) ?? [];
    return command === undefined ? undefined : { parentPid: Number(parentPid), command };
  } catch {
    return undefined; // ps ends with 1 when there is no such process
  }
}

function describeByProc(pid: number): RunningProcess | undefined {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    // "pid (name) state ppid …": the name may hold anything, so count from its last bracket.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const parentPid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    return { parentPid, command };
  } catch {
    return undefined; // no such process, or it ended between the two reads
  }
}

/** Nobody reports the end of a process that is not our child, so this looks every 20 ms. */
async function becomes(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += 20) {
    if (condition()) return true;
    await setTimeout(20);
  }
  return condition();
}

function signal(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // The watchdog was quicker.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
