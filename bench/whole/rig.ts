import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { type HubProcess, startHubProcess } from "../../test/support/hub-process.ts";
import { enrolFleet, type Fleet } from "./fleet.ts";
import type { LoadOrder } from "./load.ts";

/** A whole hub as users run it, with a fleet of gateways in another process. */
export interface Rig {
  readonly hub: HubProcess;
  readonly fleet: Fleet;
  /** Has the gateways publish; resolves when nats-server has taken the last reading. */
  publish(readings: number, perSecond: number): Promise<void>;
  close(): Promise<void>;
}

export async function startRig(gatewayCount: number, dersPerGateway: number): Promise<Rig> {
  console.error(`Starting a hub; enrolling ${gatewayCount} gateways …`);
  await using opened = new AsyncDisposableStack();
  const hub = await startHubProcess();
  opened.defer(() => hub.close());
  const fleet = await enrolFleet(hub.url, gatewayCount, dersPerGateway);
  const load = forkBench("load.ts");
  opened.defer(() => void load.kill());
  await order(load, {
    kind: "connect",
    natsUrl: hub.natsUrl,
    dersPerGateway,
    gateways: fleet.gateways.map((each) => ({ serial: each.serial, jwt: each.loginJwt("day") })),
  });
  const running = opened.move();
  return {
    hub,
    fleet,
    publish: (readings, perSecond) => order(load, { kind: "publish", readings, perSecond }),
    close: () => running.disposeAsync(),
  };
}

/** Without the flags of this process: what it preloads to follow its own parent is not for others. */
export function forkBench(
  file: string,
  args: readonly string[] = [],
  execArgv: readonly string[] = [],
): ChildProcess {
  return fork(join(import.meta.dirname, file), args, { execArgv: [...execArgv] });
}

function order(load: ChildProcess, what: LoadOrder): Promise<void> {
  return new Promise((resolve, reject) => {
    load.once("message", () => resolve());
    load.once("exit", () => reject(new Error("the gateways' process ended")));
    load.send(what);
  });
}

/** Resident memory of a process in MiB. Linux only. */
export function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** CPU seconds that a process has used. Linux only; clock ticks are 10 ms everywhere. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function describeMachine(): string {
  return `${cpus().length} × ${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.version}`;
}
