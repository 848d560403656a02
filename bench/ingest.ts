/**
 * How many readings a second come from gateways into the store, on this machine: gateways publish
 * in a process of their own, nats-server writes to disk before it acknowledges, and the hub decodes,
 * resolves, checks and stores. Beside it, in turn, the bare publisher with readings that are ready.
 *
 *   node bench/ingest.ts [readings=100000] [rounds=3]
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../packages/server/src/config.ts";
import { startIngest } from "../packages/server/src/ingest/ingest.ts";
import { connectHub } from "../packages/server/src/nats/connection.ts";
import { type NatsServer, startNats } from "../packages/server/src/nats/server.ts";
import { createLog } from "../packages/server/src/observe/log.ts";
import { createMetrics } from "../packages/server/src/observe/metrics.ts";
import { openStore, type Store } from "../packages/server/src/store/store.ts";
import { dersPerGateway, gateways, readingOf, treeOf } from "./ingest/home.ts";

const [readings = 100_000, rounds = 3] = process.argv.slice(2).map(Number);
const dataDir = mkdtempSync(join(tmpdir(), "novacore-bench-"));
const log = createLog("warn");
const config = {
  ...readConfig(process.env),
  dataDir,
  httpPort: 0,
  realtimePort: 0,
  natsPort: 0,
  mqttPort: 0,
};

interface Run {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly natsCpuUs: number;
}

const nats = await startNats({ config, dataDir, log });
try {
  await bench(nats);
} finally {
  await nats.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

async function bench(nats: NatsServer): Promise<void> {
  const hub = await connectHub(nats, "HUB", "store");
  const dev = await connectHub(nats, "DEV", "gateways");
  const sys = await connectHub(nats, "SYS", "system");
  const metrics = createMetrics();
  let stored = 0;
  let whenStored: () => void = () => undefined;
  const counted = {
    ...metrics,
    readingsStored: {
      inc: () => {
        metrics.readingsStored.inc();
        stored++;
        if (stored % readings === 0) whenStored();
      },
    },
  };
  const store = await openStore({ hub, dev, sys, log, metrics });
  const registry = {
    gateways: { tree: async (serial: string) => treeOf(serial) },
    devices: { activate: async () => undefined },
    changes: { subscribe: () => () => undefined },
  };
  const ingest = await startIngest({ dev, hub, store, registry, log, metrics: counted });
  const load = fork(join(import.meta.dirname, "ingest/load.ts"), [nats.natsUrl, dataDir]);
  await once(load, "message");

  const whole: Run[] = [];
  const bare: Run[] = [];
  const all = () =>
    new Promise<void>((resolve) => {
      whenStored = resolve;
    });
  for (let round = 0; round < rounds; round++) {
    bare.push(await measure(nats, () => publishBare(store, round)));
    whole.push(await measure(nats, () => publishAll(load, all())));
    console.error(
      `round ${round + 1}: bare ${describe(bare.at(-1))}, whole ${describe(whole.at(-1))}`,
    );
  }
  load.kill();
  await ingest.stop();
  await store.close();
  await Promise.all([hub.close(), dev.close(), sys.close()]);
  report(whole, bare, store.durability);
}

async function publishAll(load: ChildProcess, done: Promise<void>): Promise<void> {
  load.send({ readings, perSecond: 0 });
  await done;
}

/** As many ready readings as the pipeline keeps under way. */
async function publishBare({ publisher }: Store, round: number): Promise<void> {
  const startMs = Date.now() - 3_600_000 + round;
  let open = 0;
  let failed: Error | undefined;
  let whenLow: (() => void) | undefined;
  for (let index = 0; index < readings; index++) {
    const der = index % (gateways * dersPerGateway);
    const { json } = readingOf(index, startMs);
    const origin = `"org_id":"org-1","site_id":"sit-1","device_id":"dev-1","der_id":"der-${der}"`;
    const payload = Buffer.from(`${json.slice(0, -1)},${origin},"received_at":${startMs}}`);
    const subject = `orgs.org-1.sites.sit-1.devices.dev-1.ders.bare-${der}.telemetry.json.v1`;
    open++;
    publisher.send(subject, payload, `bare-${der}:${startMs}-${index}`, (result) => {
      if (result instanceof Error) failed = result;
      open--;
      if (open <= 1_000) whenLow?.();
    });
    if (open >= 4_000)
      await new Promise<void>((resolve) => {
        whenLow = resolve;
      });
  }
  while (open > 0) await new Promise((resolve) => setImmediate(resolve));
  if (failed !== undefined) throw failed;
}

async function measure(nats: NatsServer, work: () => Promise<void>): Promise<Run> {
  const startedMs = performance.now();
  const cpu = process.cpuUsage();
  const natsCpu = natsCpuUs(nats);
  await work();
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: readings / seconds,
    cpuUs: (user + system) / readings,
    natsCpuUs: (natsCpuUs(nats) - natsCpu) / readings,
  };
}

/** CPU time that nats-server has taken, in microseconds; 0 where /proc does not tell. */
function natsCpuUs(nats: NatsServer): number {
  const state = nats.state();
  if (state.state !== "running" || !existsSync(`/proc/${state.pid}/stat`)) return 0;
  const fields = readFileSync(`/proc/${state.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks * 10_000;
}

function describe(run: Run | undefined): string {
  if (run === undefined) return "nothing";
  const cpu = `${run.cpuUs.toFixed(1)} µs, nats-server ${run.natsCpuUs.toFixed(1)} µs`;
  return `${Math.round(run.perSecond)} readings/s at ${cpu}`;
}

function median(runs: readonly Run[], of: (run: Run) => number): number {
  const sorted = runs.map(of).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function report(whole: readonly Run[], bare: readonly Run[], durability: string): void {
  const [cpu] = cpus();
  const rate = median(whole, (run) => run.perSecond);
  const bareRate = median(bare, (run) => run.perSecond);
  console.log(
    `machine           ${cpus().length} × ${cpu?.model}, Node ${process.version}, ${durability}`,
  );
  console.log(`whole path        ${Math.round(rate)} readings/s (target 15000)`);
  console.log(`bare publisher    ${Math.round(bareRate)} readings/s`);
  console.log(`ratio             ${(rate / bareRate).toFixed(2)} (target 0.70)`);
  const cpuOf = (runs: readonly Run[]) => median(runs, (run) => run.cpuUs).toFixed(1);
  const natsCpuOf = (runs: readonly Run[]) => median(runs, (run) => run.natsCpuUs).toFixed(1);
  console.log(`hub CPU           ${cpuOf(whole)} µs/reading (target 20), bare ${cpuOf(bare)} µs`);
  console.log(`nats-server CPU   ${natsCpuOf(whole)} µs/reading, bare ${natsCpuOf(bare)} µs`);
}
