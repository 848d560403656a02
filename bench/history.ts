/**
 * How long charts take: over HTTP, of a hub with a month of homes in its archive. One DER's 7 days at
 * one reading a second to quarters of an hour and to 1 000 points; a site's 30 days to daily energy.
 * In the same run, the same of DuckDB alone and of plain PostgreSQL with an index, and how much each has on disk.
 *
 *   npm run bench:history -- [days=30] [others=3] [rounds=60]
 *
 * Cold means: the hub has just started, and the files were dropped from the kernel's cache.
 */
import { execFile } from "node:child_process";
import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createAsk } from "../test/support/ask.ts";
import { createApi, createHome, type Home } from "../test/support/home.ts";
import { type HubProcess, startHubProcess } from "../test/support/hub-process.ts";
import { BareDuckDb } from "./history/bare-duckdb.ts";
import { PlainPostgres } from "./history/plain-postgres.ts";
import { dayMs, type PlantedDer, plantArchive } from "./history/plant.ts";
import { describeMachine, median, percentile } from "./whole/rig.ts";

const [days = 30, others = 3, rounds = 60] = process.argv.slice(2).map(Number);
const coldRounds = 5;
const bareName = "DuckDB alone";
const warmUpRounds = 10;
const toMs = Math.floor(Date.now() / dayMs) * dayMs;
const fromMs = toMs - days * dayMs;
const chartFromMs = toMs - Math.min(7, days) * dayMs;

console.error("Starting a hub …");
const hub = await startHubProcess();
try {
  await bench(hub);
} finally {
  await hub.close();
}

async function bench(hub: HubProcess): Promise<void> {
  const { home, ders } = await settle(hub);
  const folder = join(hub.dataDir, "archive");
  const { dataDir } = hub;
  const planting = { dataDir, orgId: home.orgId, ders, fromMs, days };
  const { rows } = await plantArchive(planting);
  const bytes = globSync(`${folder}/**/*.parquet`).reduce(
    (sum, path) => sum + statSync(path).size,
    0,
  );
  await using postgres = await PlainPostgres.load(dataDir, folder);
  if (postgres === undefined)
    console.error("PostgreSQL is not installed: nothing to compare with.");

  const derId = home.ders.meter.derId;
  const derIds = ders.filter(({ siteId }) => siteId === home.siteId).map((der) => der.derId);
  const range = `from=${chartFromMs}&to=${toMs}`;
  const chartPath = `/ders/${derId}/telemetry?${range}&resolution=auto&max_points=1000&fields=W`;
  const lttbPath = `/ders/${derId}/telemetry?${range}&agg=lttb&max_points=1000&fields=W`;
  const energyPath = `/sites/${home.siteId}/energy?from=${fromMs}&to=${toMs}&resolution=1d`;
  const get = createGet(hub, home);
  using bare = await BareDuckDb.open(dataDir, folder);
  const chartDays = Array.from({ length: (toMs - chartFromMs) / dayMs }, (_, index) =>
    new Date(chartFromMs + index * dayMs).toISOString().slice(0, 10),
  );
  const sides: readonly Side[] = [
    { name: "chart, 7 days", run: () => get(chartPath), targetMs: 60 },
    { name: bareName, run: () => bare.chart(derId, chartDays) },
    { name: "chart, lttb", run: () => get(lttbPath) },
    { name: "energy, daily", run: () => get(energyPath), targetMs: 250 },
  ];
  const baselines: readonly Side[] =
    postgres === undefined
      ? []
      : [
          { name: "postgres chart", run: () => postgres.chart(derId, chartFromMs, toMs) },
          { name: "postgres energy", run: () => postgres.energy(derIds, fromMs, toMs) },
        ];

  const cold = await measureCold(hub, folder, () => get(chartPath));
  const times = new Map<string, number[]>();
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const { name, run } of sides) note(times, name, round, await timed(run));
  }
  // Afterwards: it takes seconds, and leaves the processor's caches to nobody else.
  for (const { name, run } of baselines) {
    for (let round = -1; round < Math.min(5, rounds); round++) {
      note(times, name, round, await timed(run));
    }
  }
  console.log(`machine    ${describeMachine()}`);
  console.log(`readings   ${rows}, ${ders.length} DERs, ${days} days at 1 Hz`);
  report("cold chart", cold, 300);
  for (const { name, targetMs } of sides) report(name, times.get(name) ?? [], targetMs);
  for (const { name } of baselines) report(name, times.get(name) ?? []);
  const ratio = (a: string, b: string) => median(times.get(b) ?? []) / median(times.get(a) ?? []);
  console.log(`ratio      chart ${ratio(bareName, "chart, 7 days").toFixed(2)} times DuckDB alone`);
  if (postgres === undefined) return;
  const perRow = (total: number) => `${(total / rows).toFixed(1)} bytes a reading`;
  const plainBytes = await postgres.bytes();
  console.log(`disk       ${perRow(bytes)}; PostgreSQL ${perRow(plainBytes)}`);
  console.log(
    `ratio      chart ${ratio("chart, 7 days", "postgres chart").toFixed(1)} times as fast, ` +
      `energy ${ratio("energy, daily", "postgres energy").toFixed(1)} times, ` +
      `disk ${(plainBytes / bytes).toFixed(1)} times smaller (target 10)`,
  );
}

interface Side {
  readonly name: string;
  readonly run: () => Promise<unknown>;
  /** Of the 95th percentile. */
  readonly targetMs?: number;
}

/** A home of which five DERs report, and others elsewhere in the organization. */
async function settle(hub: HubProcess): Promise<{ home: Home; ders: readonly PlantedDer[] }> {
  const home = await createHome(hub);
  await createApi(hub.url, home.token)("PUT", `/sites/${home.siteId}`, {
    timezone: "Europe/Stockholm",
  });
  const { meter, solar, battery, charger } = home.ders;
  const own = [
    ...[[meter.derId, "meter"] as const, [solar.derId, "pv"] as const],
    ...[[battery.derId, "battery"] as const, [charger.derId, "ev_charger"] as const],
    [home.ders["named-solar"].derId, "pv"] as const,
  ].map(([derId, type]) => ({ siteId: home.siteId, derId, type }));
  const elsewhere = Array.from({ length: others }, (_, index) => ({
    ...{ siteId: "sit-elsewhere", derId: `der-elsewhere-${index}`, type: "meter" },
  }));
  const byId = (a: PlantedDer, b: PlantedDer) => (a.derId < b.derId ? -1 : 1);
  return { home, ders: [...own, ...elsewhere].sort(byId) };
}

function createGet({ url }: HubProcess, { token }: Home) {
  const ask = createAsk(url);
  return async (path: string): Promise<void> => {
    const { status, text } = await ask("GET", path, { token });
    if (status !== 200) throw new Error(`GET ${path} → ${status} ${text}`);
  };
}

async function measureCold(hub: HubProcess, folder: string, run: () => Promise<void>) {
  const found: number[] = [];
  for (let round = 0; round < coldRounds; round++) {
    await hub.kill();
    for (const path of globSync(`${folder}/**/*.parquet`)) await dropFromCache(path);
    await hub.start();
    found.push(await timed(run));
  }
  return found;
}

/** Linux; elsewhere what is called cold has its files in memory. */
async function dropFromCache(path: string): Promise<void> {
  const args = [`of=${path}`, "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none"];
  await promisify(execFile)("dd", args).catch(() => undefined);
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** The first rounds warm up. */
function note(times: Map<string, number[]>, name: string, round: number, ms: number): void {
  if (round < 0) return;
  const known = times.get(name);
  if (known === undefined) times.set(name, [ms]);
  else known.push(ms);
}

function report(name: string, times: readonly number[], targetMs?: number): void {
  if (times.length === 0) return;
  const target = targetMs === undefined ? "" : ` (target ${targetMs} ms)`;
  console.log(
    `${name.padEnd(16)} p50 ${median(times).toFixed(0)} ms, p95 ${percentile(times, 0.95).toFixed(0)} ms${target}`,
  );
}
