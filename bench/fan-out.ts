/**
 * What delivering costs: CPU microseconds per event that one of 500 listeners gets, over SSE and
 * over WebSocket, on one site and on fifty, and memory per idle listener. Beside Novacore, in the
 * same run and in turns, Nchan (nginx) does the same job, and over WebSocket a plain broadcast loop
 * on the `ws` package. Medians count.
 *
 *   npm run bench:fan-out -- [--quick] [--only=sse|websocket]
 *
 * What is counted is all CPU time, user and system, of the one process that holds the listeners: the
 * hub and the loop take readings from NATS, nginx takes them by HTTP POST. Writing to the stream
 * (nats-server) and publishing are outside of all three.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import { Audience, type Transport } from "./fan-out/audience.ts";
import {
  describe,
  lowestMedian,
  measure,
  median,
  type Pattern,
  residentKiB,
} from "./fan-out/measure.ts";
import { startNats } from "./fan-out/nats.ts";
import { Processes } from "./fan-out/processes.ts";
import { type Server, startServers } from "./fan-out/servers.ts";

const isQuick = process.argv.includes("--quick");
const only = process.argv.find((argument) => argument.startsWith("--only="))?.slice(7);
const listeners = 500;
const roundMs = isQuick ? 2_000 : 6_000;
const rounds = isQuick ? 3 : 7;
const idleListeners = isQuick ? 5_000 : 10_000;

/**
 * How readings come. Homes send four at once (PV, battery, meter, car), which ingest stores in one
 * batch; Nchan gets the four posts in one write. One by one is the worst case: every reading wakes
 * everybody by itself, and on 50 sites is for ten listeners only.
 */
const patterns: readonly Pattern[] = [
  { name: "1 site, homes' four readings at once", sites: 1, burst: 4, readingsPerSecond: 40 },
  { name: "50 sites, homes' four readings at once", sites: 50, burst: 4, readingsPerSecond: 2_000 },
  { name: "1 site, readings one by one", sites: 1, burst: 1, readingsPerSecond: 40 },
  { name: "50 sites, readings one by one", sites: 50, burst: 1, readingsPerSecond: 2_000 },
];

async function main(): Promise<void> {
  const transports = (["sse", "websocket"] as const).filter(
    (transport) => only === undefined || only === transport,
  );
  if (transports.length === 0) throw new Error(`--only=${only}: it is either sse or websocket`);
  const [cpu] = cpus();
  console.log(
    `${cpu?.model ?? "unknown CPU"}, ${cpus().length} cores, Node ${process.version}, ${listeners} listeners, ` +
      `${rounds} rounds of ${roundMs / 1000} s each, alternating; medians (lowest–highest)`,
  );
  const folder = await mkdtemp(join(tmpdir(), "novacore-fan-out-"));
  const processes = new Processes();
  try {
    const nats = await startNats(folder, processes);
    for (const transport of transports) await runTransport(transport, nats, folder);
    await nats.close();
  } finally {
    processes.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function runTransport(
  transport: Transport,
  nats: NatsConnection,
  folder: string,
): Promise<void> {
  await withServers(transport, nats, folder, async (servers) => {
    console.log(`\n${transport}: ${servers.map(({ name }) => name).join(", ")}`);
    for (const pattern of patterns) {
      const results = await runPattern(servers, pattern);
      console.log(`${pattern.name}: ${describeResults(results)}`);
    }
    if (transport === "websocket") await runOwnNames(servers);
  });
  // From a cold start: a process that has worked fills holes first, and seems to need less.
  await withServers(transport, nats, folder, async (servers) => {
    for (const server of servers) await runIdle(server);
  });
}

async function withServers(
  transport: Transport,
  nats: NatsConnection,
  folder: string,
  work: (servers: readonly Server[]) => Promise<void>,
): Promise<void> {
  const processes = new Processes();
  try {
    const servers = await startServers(transport, { nats, folder, processes });
    await work(servers);
    for (const server of servers) server.close();
  } finally {
    processes.stop();
  }
}

/** CPU microseconds per delivered event of each round, by server. */
async function runPattern(
  servers: readonly Server[],
  pattern: Pattern,
  hasOwnNames = false,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const results = new Map<string, number[]>(servers.map(({ name }) => [name, []]));
  const { sites } = pattern;
  const sets = await Promise.all(
    servers.map(async (server) => ({
      server,
      audience: await Audience.open(server, { sites, count: listeners, hasOwnNames }),
    })),
  );
  try {
    for (let round = -1; round < rounds; round++) {
      for (const { server, audience } of sets) {
        const durationMs = round < 0 ? 1_000 : roundMs;
        const microseconds = await measure(server, audience, pattern, durationMs);
        // The first round warms up: caches, optimised code.
        if (round >= 0) results.get(server.name)?.push(microseconds);
      }
    }
  } finally {
    for (const { audience } of sets) await audience.close();
  }
  return results;
}

/**
 * Frames hold the client's name of its subscription. Clients of one library choose the same, and
 * share their bytes; this is what it costs when none do.
 */
async function runOwnNames(servers: readonly Server[]): Promise<void> {
  const hub = servers.filter(({ subscribes }) => subscribes);
  for (const pattern of patterns.filter(({ sites }) => sites === 1)) {
    const results = await runPattern(hub, pattern, true);
    console.log(`for information: ${pattern.name}, another id each: ${describeResults(results)}`);
  }
}

async function runIdle(server: Server): Promise<void> {
  const before = residentKiB(server.pid);
  const audience = await Audience.open(server, { sites: 50, count: idleListeners });
  await delay(3_000);
  const each = (residentKiB(server.pid) - before) / idleListeners;
  console.log(
    `for information: ${server.name}: ${each.toFixed(1)} KiB of memory per idle listener ` +
      `(${idleListeners} on 50 sites, ${Math.round(before / 1024)} MiB without)`,
  );
  await audience.close();
}

function describeResults(results: ReadonlyMap<string, readonly number[]>): string {
  const texts = [...results].map(([name, values]) => `${name} ${describe(values)} µs`);
  const [ours = [], ...others] = results.values();
  if (others.length === 0) return texts.join(", ");
  const ratio = median(ours) / lowestMedian(others);
  return `${texts.join(", ")}; ratio to the better one ${ratio.toFixed(2)}`;
}

await main();
