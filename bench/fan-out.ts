// layout: one bench, which is read from top to bottom
/**
 * What delivering costs: CPU microseconds per SSE event at 500 listeners, on one site and on fifty,
 * and memory per idle listener; beside Nchan (nginx) doing the same job in the same run. Rounds
 * alternate and medians count. `--quick` is shorter and says less.
 *
 * What is counted is all CPU time, user and system, of the one process that holds the listeners:
 * here the hub, which takes readings from NATS, there nginx, which takes them by HTTP POST. Writing
 * to the stream (nats-server) and publishing are outside of both.
 */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { enrichedSubject } from "@novacore/protocol";
import { findNatsServer } from "../packages/server/src/nats/binary.ts";
import { hubStreams } from "../packages/server/src/store/stream-configs.ts";
import { hasNchan, NchanPublisher, startNchan } from "./fan-out/nchan.ts";

const isQuick = process.argv.includes("--quick");
const listeners = 500;
const roundMs = isQuick ? 2_000 : 6_000;
const rounds = isQuick ? 3 : 7;
const idleListeners = isQuick ? 5_000 : 10_000;

/**
 * How readings come. Homes send four at once (PV, battery, meter, car), which ingest stores in one
 * batch; Nchan gets the four posts in one write. One by one is the worst case: every reading wakes
 * everybody by itself, and on 50 sites is for ten listeners only.
 */
const patterns = [
  { name: "1 site, homes' four readings at once", sites: 1, burst: 4, readingsPerSecond: 40 },
  { name: "50 sites, homes' four readings at once", sites: 50, burst: 4, readingsPerSecond: 2_000 },
  { name: "1 site, readings one by one", sites: 1, burst: 1, readingsPerSecond: 40 },
  { name: "50 sites, readings one by one", sites: 50, burst: 1, readingsPerSecond: 2_000 },
];

interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** Readings of one site that belong together. */
  publish(site: string, payloads: readonly string[]): void;
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "novacore-fan-out-"));
  const children: ChildProcess[] = [];
  try {
    const nats = await startNats(folder, children);
    const publisher = await connect({ port: nats.port });
    await createStream(publisher);
    const servers: Server[] = [];
    const hub = await startHub(nats.port, children);
    servers.push({ ...hub, publish: (site, payloads) => publishBatch(publisher, site, payloads) });
    if (hasNchan()) {
      const port = await freePort();
      const child = await startNchan(join(folder, "nchan"), port);
      children.push(child);
      await untilListening(port);
      const posts = new NchanPublisher(port);
      servers.push({
        name: "Nchan",
        pid: child.pid ?? 0,
        port,
        publish: (site, payloads) => posts.publish(site, payloads),
      });
    } else {
      console.log("Nchan is not here (Debian: nginx-light, libnginx-mod-nchan): no comparison.");
    }
    await run(servers, children);
    await publisher.close();
  } finally {
    for (const child of children) child.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(servers: readonly Server[], children: ChildProcess[]): Promise<void> {
  const [cpu] = cpus();
  console.log(
    `${cpu?.model ?? "unknown CPU"}, ${cpus().length} cores, Node ${process.version}, ${listeners} listeners, ` +
      `${rounds} rounds of ${roundMs / 1000} s each, alternating; medians (lowest–highest)`,
  );
  for (const pattern of patterns) await runPattern(servers, pattern, children);
  for (const server of servers) await runIdle(server, children);
}

async function runPattern(
  servers: readonly Server[],
  pattern: (typeof patterns)[number],
  children: ChildProcess[],
): Promise<void> {
  const results = new Map<string, number[]>(servers.map(({ name }) => [name, []]));
  const sets = await Promise.all(
    servers.map(async (server) => ({
      server,
      clients: await openListeners(server, pattern.sites, listeners, children),
    })),
  );
  for (let round = -1; round < rounds; round++) {
    for (const { server, clients } of sets) {
      const microseconds = await measure(server, clients, pattern, round < 0 ? 1_000 : roundMs);
      // The first round warms up: caches, optimised code.
      if (round >= 0) results.get(server.name)?.push(microseconds);
    }
  }
  for (const { clients } of sets) await closeListeners(clients);
  const texts = [...results].map(([name, values]) => `${name} ${describe(values)} µs`);
  const [ours = 0, theirs] = [...results.values()].map(median);
  const ratio = theirs === undefined ? "" : `, ratio ${(ours / theirs).toFixed(2)}`;
  console.log(`${pattern.name}: CPU per delivered event: ${texts.join(", ")}${ratio}`);
}

/** CPU microseconds of the server per event that a listener got. */
async function measure(
  server: Server,
  clients: ChildProcess,
  pattern: (typeof patterns)[number],
  durationMs: number,
): Promise<number> {
  const before = await countEvents(clients);
  const cpuBefore = cpuMicroseconds(server.pid);
  const start = performance.now();
  let published = 0;
  let site = 0;
  while (performance.now() - start < durationMs) {
    const due = ((performance.now() - start) / 1_000) * pattern.readingsPerSecond;
    for (; published + pattern.burst <= due; published += pattern.burst) {
      server.publish(siteId(site), Array.from({ length: pattern.burst }, payload));
      site = (site + 1) % pattern.sites;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const expected = before + (published * listeners) / pattern.sites;
  const deadline = performance.now() + 10_000;
  let after = await countEvents(clients);
  while (after < expected && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    after = await countEvents(clients);
  }
  if (after !== expected) {
    throw new Error(`${server.name} delivered ${after - before} of ${expected - before} events`);
  }
  return (cpuMicroseconds(server.pid) - cpuBefore) / (after - before);
}

async function runIdle(server: Server, children: ChildProcess[]): Promise<void> {
  const before = residentKiB(server.pid);
  const clients = await openListeners(server, 50, idleListeners, children);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const each = (residentKiB(server.pid) - before) / idleListeners;
  console.log(
    `${server.name}: ${each.toFixed(1)} KiB of memory per idle listener (${idleListeners} on 50 sites, ` +
      `${Math.round(before / 1024)} MiB without)`,
  );
  await closeListeners(clients);
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

const siteId = (index: number) => `sit-${index}`;

async function openListeners(
  server: Server,
  sites: number,
  count: number,
  children: ChildProcess[],
): Promise<ChildProcess> {
  const child = fork(new URL("./fan-out/listeners.ts", import.meta.url), [], { execArgv: [] });
  children.push(child);
  const paths = Array.from({ length: sites }, (_, i) => `/stream/sites/${siteId(i)}`);
  child.send({ open: { port: server.port, paths, count } });
  await once(child, "message");
  await new Promise((resolve) => setTimeout(resolve, 300));
  return child;
}

async function closeListeners(child: ChildProcess): Promise<void> {
  child.send({ close: true });
  await once(child, "message");
  child.kill();
  await new Promise((resolve) => setTimeout(resolve, 500));
}

async function countEvents(child: ChildProcess): Promise<number> {
  child.send({ count: true });
  const [message]: { events: number }[] = await once(child, "message");
  return message?.events ?? 0;
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

function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function describe(values: readonly number[]): string {
  const range = `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`;
  return `${median(values).toFixed(2)} (${range})`;
}

async function startNats(folder: string, children: ChildProcess[]): Promise<{ port: number }> {
  const binary = await findNatsServer({
    dataDir: folder,
    explicit: process.env.NOVACORE_NATS_SERVER,
  });
  const port = await freePort();
  const config = join(folder, "nats.conf");
  await writeFile(
    config,
    `host: 127.0.0.1\nport: ${port}\njetstream { store_dir: "${folder}/js" }\n`,
  );
  children.push(spawn(binary, ["-c", config], { stdio: "ignore" }));
  await untilListening(port);
  return { port };
}

let batches = 0;

/** Stores readings as ingest does: together, in one atomic batch. */
function publishBatch(connection: NatsConnection, site: string, payloads: readonly string[]): void {
  const address = { orgId: "org-1", siteId: site, deviceId: "dev-1", derId: "der-1" };
  const subject = enrichedSubject(address);
  batches++;
  payloads.forEach((payload, i) => {
    const head = headers();
    head.set("Nats-Msg-Id", `${batches}:${i}`);
    if (payloads.length > 1) {
      head.set("Nats-Batch-Id", `batch-${batches}`);
      head.set("Nats-Batch-Sequence", String(i + 1));
      if (i === payloads.length - 1) head.set("Nats-Batch-Commit", "1");
    }
    connection.publish(subject, payload, { headers: head });
  });
}

async function createStream(connection: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(connection);
  const settings = hubStreams(1).find(({ name }) => name === "ENRICHED_TELEMETRY");
  if (settings === undefined) throw new Error("ENRICHED_TELEMETRY is not among the hub's streams");
  await manager.streams.add({ ...settings, max_bytes: 256 * 1024 ** 2 });
}

async function startHub(natsPort: number, children: ChildProcess[]) {
  const child = fork(new URL("./fan-out/hub.ts", import.meta.url), [String(natsPort)], {
    execArgv: [],
  });
  children.push(child);
  const [message]: { port: number }[] = await once(child, "message");
  return { name: "Novacore", pid: child.pid ?? 0, port: message?.port ?? 0 };
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const probe = createConnection(port, "127.0.0.1");
    const isOpen = await once(probe, "connect").then(
      () => true,
      () => false,
    );
    probe.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

await main();
