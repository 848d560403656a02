import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Audience } from "./audience.ts";
import type { Server } from "./servers.ts";

export interface Pattern {
  readonly name: string;
  readonly sites: number;
  /** Readings that come together. */
  readonly burst: number;
  readonly readingsPerSecond: number;
}

/** CPU microseconds of the server per event that a listener got. */
export async function measure(
  server: Server,
  audience: Audience,
  { sites, burst, readingsPerSecond }: Pattern,
  durationMs: number,
): Promise<number> {
  const before = await audience.events();
  const cpuBefore = cpuMicroseconds(server.pid);
  const start = performance.now();
  let published = 0;
  let expected = before;
  for (let site = 0; performance.now() - start < durationMs; ) {
    const due = ((performance.now() - start) / 1_000) * readingsPerSecond;
    for (; published + burst <= due; published += burst) {
      server.publish(server.siteOf(site), Array.from({ length: burst }, payload));
      expected += burst * audience.listenersOf(site);
      site = (site + 1) % sites;
    }
    await delay(1);
  }
  const after = await untilDelivered(audience, expected);
  if (after !== expected) {
    throw new Error(`${server.name} delivered ${after - before} of ${expected - before} events`);
  }
  return (cpuMicroseconds(server.pid) - cpuBefore) / (after - before);
}

async function untilDelivered(audience: Audience, expected: number): Promise<number> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const events = await audience.events();
    if (events >= expected || performance.now() > deadline) return events;
    await delay(20);
  }
}

let readings = 0;

/** A reading of usual size, as it is stored. */
function payload(): string {
  readings++;
  return JSON.stringify({
    type: "meter",
    timestamp: Date.now(),
    read_time_ms: 42,
    make: "Example",
    W: 1234.5 + (readings % 100),
    Hz: 50.01,
    L1_V: 230.1,
    L2_V: 229.8,
    L3_V: 231.2,
    L1_A: 1.8,
    L2_A: 2.1,
    L3_A: 1.5,
    total_import_Wh: 12_345_678 + readings,
    total_export_Wh: 987_654,
    org_id: "org-1",
    site_id: "sit-0198c0de0001",
    device_id: "dev-0198c0de0001",
    der_id: "der-0198c0de0001",
    der_name: "meter",
    received_at: Date.now(),
  });
}

/** All threads' time on a CPU, from the scheduler: finer than the ticks of /proc/pid/stat. */
function cpuMicroseconds(pid: number): number {
  let nanoseconds = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(
      readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0],
    );
  }
  return nanoseconds / 1_000;
}

export function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

export function lowestMedian(series: readonly (readonly number[])[]): number {
  return Math.min(...series.map(median));
}

export function describe(values: readonly number[]): string {
  const range = `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`;
  return `${median(values).toFixed(2)} (${range})`;
}
