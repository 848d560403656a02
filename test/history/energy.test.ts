import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { type Connection, Duck } from "../../packages/server/src/duck/database.ts";
import type { Resolution } from "../../packages/server/src/history/buckets.ts";
import {
  type Cell,
  cellColumns,
  cellSourceColumns,
  cellsSql,
} from "../../packages/server/src/history/cells.ts";
import {
  counterIncreaseSql,
  counterIncreaseWh,
  energyAboveSql,
  energyAboveWh,
} from "../../packages/server/src/history/counter.ts";
import {
  assembleEnergy,
  type FlowEnergy,
  type SiteEnergy,
} from "../../packages/server/src/history/energy.ts";
import type { Flow } from "../../packages/server/src/history/flows.ts";
import { readableCellsSql, toCells } from "../../packages/server/src/history/read-cells.ts";
import { type ExpectedFlow, expectFlow } from "./expected-energy.ts";
import { generateMonth, type Month } from "./month.ts";
import type { MonthHome } from "./month-home.ts";
import { collectTruth, evenStretches, localDays, type MonthTruth } from "./truth.ts";

const intervalMs = 240_000;

for (const [month, homes] of [["2026-03", 20] as const, ["2026-10", 4] as const]) {
  describe(`energy of ${homes} homes in ${month}, made of cells in DuckDB`, () => {
    const generated = generateMonth({ seed: 5, homes, intervalMs, month });
    let duck: TestDuck;
    const cells = new Map<string, Cell[]>();
    let truth: MonthTruth;

    before(async () => {
      duck = await openDuck();
      truth = await loadReadings(duck.connection, generated);
      await duck.connection.run(`create temporary table cells as ${cellsSql(firstOnes)}`);
      const { names } = await duck.connection.query("select * from cells limit 0");
      assert.deepEqual(
        names,
        cellColumns.map(({ name }) => name),
      );
      for (const { home } of generated.homes) {
        const ofSite = `select * from cells where site_id = '${siteOf(home)}'`;
        const found = await duck.connection.query(readableCellsSql(ofSite));
        cells.set(siteOf(home), toCells(found));
      }
    });
    after(() => duck[Symbol.asyncDispose]());

    const energyOf = (home: MonthHome, resolution: Resolution) =>
      assembleEnergy(cells.get(siteOf(home.home)) ?? [], {
        ...{ fromMs: generated.fromMs, toMs: generated.toMs, resolution },
        timezone: generated.timezone,
        nowMs: generated.toMs + 86_400_000,
        ders: home.ders.map(({ derId, type }) => ({ derId, type, sinceMs: generated.fromMs })),
      });
    const checkAll = (home: MonthHome, periods: readonly SiteEnergy[]) => {
      for (const period of periods) checkPeriod(home, period, truth);
    };

    it("each quarter of an hour and each hour is what flowed", () => {
      for (const home of generated.homes) {
        const { buckets } = energyOf(home, "15m");
        const span = { startMs: generated.fromMs, endMs: generated.toMs };
        assert.deepEqual(buckets.map(stretchOf), evenStretches(span, 900_000));
        checkAll(home, buckets);
        checkAll(home, energyOf(home, "1h").buckets);
      }
    });

    it("each day, with 23 or 25 hours where the clocks are changed, is what flowed", () => {
      const days = localDays(generated);
      const lengths = days.map(({ startMs, endMs }) => (endMs - startMs) / 3_600_000);
      assert.equal(
        lengths.filter((hours) => hours !== 24).join(),
        month === "2026-03" ? "23" : "25",
      );
      for (const home of generated.homes) {
        const { buckets } = energyOf(home, "1d");
        assert.deepEqual(buckets.map(stretchOf), days);
        checkAll(home, buckets);
      }
    });

    it("the month is what flowed, and the sum of its days", () => {
      for (const home of generated.homes) {
        const { buckets, total } = energyOf(home, "1mo");
        assert.deepEqual(buckets, [total]);
        assert.deepEqual(stretchOf(total), { startMs: generated.fromMs, endMs: generated.toMs });
        checkAll(home, buckets);
        const days = energyOf(home, "1d").buckets;
        for (const [flow, { kWh }] of total.flows) {
          const sum = days.reduce((all, day) => all + (day.flows.get(flow)?.kWh ?? 0), 0);
          assert.ok(Math.abs(sum - kWh) < 1e-6, `${flow}: ${sum} and ${kWh}`);
        }
      }
    });
  });
}

describe("what is reckoned in SQL and in TypeScript", () => {
  it("comes to the same", async () => {
    await using duck = await openDuck();
    const Wh = fc.oneof(
      fc.integer({ min: 0, max: 30 }),
      fc.double({ min: 0, max: 1e7, noNaN: true }),
    );
    const W = fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.double({ min: -1e4, max: 1e4, noNaN: true }),
    );
    const overMs = fc.integer({ min: 1, max: 900_000 });
    const pairs = fc.sample(fc.tuple(Wh, Wh, W, W, overMs), { numRuns: 2_000, seed: 5 });
    const names = ["a", "b", "v", "w", "ms"].map((name) => ({ name, type: "DOUBLE" as const }));
    await duck.connection.createTable("pairs", names);
    await duck.connection.append("pairs", names, pairs);
    const { columns } = await duck.connection.query(
      `select a, b, v, w, ms, ${counterIncreaseSql("a", "b", "ms")}, ${energyAboveSql("v", "w", "ms")}
       from pairs`,
    );
    const rows = pairs.map((_, row) => columns.map((column) => Number(column[row])));
    for (const [a = 0, b = 0, v = 0, w = 0, ms = 0, increase = 0, above = 0] of rows) {
      const told = `${a} → ${b} Wh, ${v} → ${w} W in ${ms} ms`;
      assert.ok(Math.abs(increase - counterIncreaseWh(a, b, ms)) < 1e-6, told);
      assert.ok(Math.abs(above - energyAboveWh(v, w, ms)) < 1e-6, told);
    }
  });
});

const stretchOf = ({ startMs, endMs }: SiteEnergy) => ({ startMs, endMs });
const siteOf = (home: number) => `site-${home}`;

/** Of readings with the same (der_id, timestamp) the one that arrived first. */
const firstOnes = `(select ${cellSourceColumns.join(", ")} from readings
  qualify row_number() over (partition by der_id, timestamp order by sequence) = 1)`;

interface TestDuck extends AsyncDisposable {
  readonly connection: Connection;
}

async function openDuck(): Promise<TestDuck> {
  const folder = await mkdtemp(join(tmpdir(), "novacore-energy-"));
  const options = { memoryBytesMax: 1024 ** 3, tempBytesMax: 1024 ** 3, folders: [folder] };
  const duck = await Duck.open({ ...options, tempDir: join(folder, "temp") });
  const connection = await duck.connect();
  return {
    connection,
    async [Symbol.asyncDispose]() {
      connection[Symbol.dispose]();
      duck[Symbol.dispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const tableColumns = [
  { name: "sequence", type: "BIGINT" },
  { name: "site_id", type: "VARCHAR" },
  { name: "der_id", type: "VARCHAR" },
  { name: "type", type: "VARCHAR" },
  { name: "timestamp", type: "BIGINT" },
  { name: "W", type: "DOUBLE" },
  { name: "total_import_Wh", type: "DOUBLE" },
  { name: "total_charge_Wh", type: "DOUBLE" },
  { name: "total_export_Wh", type: "DOUBLE" },
  { name: "total_discharge_Wh", type: "DOUBLE" },
  { name: "total_generation_Wh", type: "DOUBLE" },
] as const;

/** Puts a month into the table "readings" as it arrives, and keeps what counts of it. */
async function loadReadings(connection: Connection, month: Month): Promise<MonthTruth> {
  await connection.createTable("readings", tableColumns);
  const rows: (string | number | null)[][] = [];
  const truth = collectTruth(month.readings(), ({ home, derId, type, reading }) => {
    const members = new Map<string, unknown>(Object.entries(reading));
    const numbers = tableColumns.slice(4).map(({ name }) => {
      const value = members.get(name);
      return typeof value === "number" ? value : null;
    });
    rows.push([rows.length, siteOf(home), derId, type, ...numbers]);
  });
  await connection.append("readings", tableColumns, rows);
  return truth;
}

/** Compares each flow with what is expected, and what is made of them with the flows. */
function checkPeriod(home: MonthHome, period: SiteEnergy, truth: MonthTruth) {
  const when = `home ${home.home}, ${new Date(period.startMs).toISOString()}`;
  const Wh = new Map<Flow, number>();
  for (const expected of expectFlow(home, period, truth, intervalMs)) {
    const energy = period.flows.get(expected.flow);
    if (!isAsExpected(energy, expected)) {
      assert.fail(`${when}: ${JSON.stringify({ expected, energy })}`);
    }
    if (energy !== undefined) Wh.set(expected.flow, energy.kWh * 1_000);
  }
  const of = (flow: Flow) => Wh.get(flow) ?? Number.NaN;
  const grid = of("imported") - of("exported");
  const consumed = grid + of("produced") + of("discharged") - of("charged");
  if (Number.isNaN(consumed)) assert.equal(period.consumedKWh, undefined, when);
  else assert.ok(Math.abs((period.consumedKWh ?? -1) * 1_000 - Math.max(0, consumed)) < 1e-6, when);
}

function isAsExpected(energy: FlowEnergy | undefined, expected: ExpectedFlow): boolean {
  if (energy === undefined || expected.source === "none") {
    return energy === undefined && expected.source === "none";
  }
  const longerMs = energy.gapMs - expected.gapMs;
  return (
    energy.source === expected.source &&
    longerMs > -1 &&
    longerMs <= expected.gapToleranceMs &&
    Math.abs(energy.kWh * 1_000 - expected.Wh) <= expected.toleranceWh
  );
}
