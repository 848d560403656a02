import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { planBuckets } from "../../packages/server/src/history/range-buckets.ts";
import type { BucketsOutput } from "../../packages/server/src/history/range-job.ts";
import {
  aggregates,
  numericFields,
  type Width,
} from "../../packages/server/src/history/range-wish.ts";
import { HistoryStore, type Stored } from "../../packages/server/test/history/history-store.ts";
import { type ArrivedReading, generateMonth, type Month } from "./month.ts";
import {
  type Aggregate,
  collectTruth,
  evenStretches,
  localDays,
  type MonthTruth,
} from "./truth.ts";

for (const [month, homes] of [["2026-03", 20] as const, ["2026-10", 3] as const]) {
  describe(`aggregates of ${homes} homes in ${month}, out of files`, () => {
    it("are what the readings of each bucket give, through outages, late ones and duplicates", async (t) => {
      const generated = generateMonth({ seed: 7, homes, intervalMs: 300_000, month });
      const { store, truth } = await load(t, generated);
      const thread = store.thread(t, { queryMs: 120_000 });
      const whole = { startMs: generated.fromMs, endMs: generated.toMs };
      const stretches = {
        "15m": evenStretches(whole, 900_000),
        "1h": evenStretches(whole, 3_600_000),
        "1d": localDays(generated),
      };
      let checked = 0;
      for (const home of generated.homes) {
        // Quarters of all homes would take a minute.
        const fine = home.home < 4 ? (["15m"] as const) : [];
        for (const width of [...fine, "1h", "1d"] as const) {
          const output = outputOf(generated, width, fieldsOf(truth, home.ders));
          const { fromMs, toMs } = generated;
          const filter = { fromMs, toMs, siteIds: [`home-${home.home}`] };
          const { data } = await store.query(thread, filter, output);
          const rows = Map.groupBy(data, ({ der_id }) => String(der_id));
          for (const { derId } of home.ders) {
            const der = truth.get(derId);
            for (const member of der?.members ?? []) {
              if (!numericFields.has(member)) continue;
              const expected = der?.aggregates(member, stretches[width]) ?? [];
              checked += compare(rows.get(derId) ?? [], member, expected);
            }
          }
        }
      }
      assert.ok(checked > 100_000, `${checked} aggregates were compared`);
    });
  });
}

function outputOf(
  { fromMs, toMs, timezone }: Month,
  width: Width,
  fields: readonly string[],
): BucketsOutput {
  const buckets = planBuckets({ fromMs, toMs, width, timezone, nowMs: toMs });
  return { kind: "buckets", buckets, fields, aggregates, fill: "none" };
}

function fieldsOf(truth: MonthTruth, ders: readonly { readonly derId: string }[]): string[] {
  const names = ders.flatMap(({ derId }) => truth.get(derId)?.members ?? []);
  return [...new Set(names)].filter((name) => numericFields.has(name));
}

function compare(
  rows: readonly Record<string, unknown>[],
  member: string,
  expected: readonly Aggregate[],
): number {
  const found = rows.filter((row) => row[`${member}_first`] !== undefined);
  assert.deepEqual(
    found.map(({ timestamp }) => timestamp),
    expected.map(({ startMs }) => startMs),
    `${member}: the buckets`,
  );
  for (const [index, { startMs, mean, min, max, first, last }] of expected.entries()) {
    const row = found[index] ?? {};
    const where = `${member} of ${row.der_id} at ${new Date(startMs).toISOString()}`;
    const exact = ["min", "max", "first", "last"].map((name) => row[`${member}_${name}`]);
    assert.deepEqual(exact, [min, max, first, last], where);
    const scale = Math.max(Math.abs(min), Math.abs(max), 1);
    assert.ok(Math.abs(Number(row[`${member}_mean`]) - mean) <= scale * 1e-9, where);
  }
  return expected.length * 5;
}

/** Into files as the archive makes them: a day at a time, and apart what came late. */
async function load(t: TestContext, month: Month) {
  const store = await HistoryStore.start(t);
  const newest = new Map<string, number>();
  const [rows, late]: [Stored[], Stored[]] = [[], []];
  let sequence = 0;
  const seen = ({ home, derId, reading, arrivalMs }: ArrivedReading) => {
    const { timestamp } = reading;
    const address = { orgId: "org-1", siteId: `home-${home}`, deviceId: `dev-${home}`, derId };
    const stored = {
      address,
      sequence: ++sequence,
      reading: { ...reading, der_id: derId, received_at: arrivalMs, der_name: derId },
    };
    const isInOrder = timestamp > (newest.get(derId) ?? -1);
    if (isInOrder) newest.set(derId, timestamp);
    (isInOrder ? rows : late).push(stored);
  };
  const truth = collectTruth(month.readings(), seen);
  await store.archive(rows);
  await store.archive(late, { kind: "late", position: 0 });
  return { store, truth };
}
