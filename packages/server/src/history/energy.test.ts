import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ReadingType } from "@novacore/protocol";
import type { Resolution } from "./buckets.ts";
import { type Cell, type CellCounter, type CellPower, quarterMs } from "./cells.ts";
import { assembleEnergy, cellRange } from "./energy.ts";
import type { Flow, KnownDer } from "./flows.ts";

const originMs = Date.UTC(2026, 5, 1);
const hourMs = 3_600_000;

interface Shown {
  readonly type?: ReadingType;
  readonly power?: CellPower;
  readonly in?: CellCounter;
  readonly out?: CellCounter;
}

/** The cell of a quarter after the origin. */
function cell(derId: string, quarter: number, { type = "meter", power, ...counters }: Shown): Cell {
  const startMs = originMs + quarter * quarterMs;
  return {
    ...{ derId, quarterMs: startMs, type, power },
    ...{ in: counters.in, out: counters.out },
  };
}

/** A power that stays the same from one second of a quarter to another. */
function power(quarter: number, W: number, [from, to] = [0, 890]): CellPower {
  const startMs = originMs + quarter * quarterMs;
  const Wh = (W * (to - from)) / 3600;
  return {
    ...{ firstMs: startMs + from * 1000, firstW: W, lastMs: startMs + to * 1000, lastW: W },
    ...{ inWh: Math.max(0, Wh), outWh: Math.max(0, -Wh) },
  };
}

/** A counter at two seconds of a quarter. */
function counter(
  quarter: number,
  [firstWh, lastWh]: readonly [number, number],
  [from, to] = [0, 890],
): CellCounter {
  const startMs = originMs + quarter * quarterMs;
  return {
    ...{ firstMs: startMs + from * 1000, firstWh, lastMs: startMs + to * 1000, lastWh },
    increaseWh: lastWh - firstWh,
  };
}

interface Asked {
  readonly hours?: number;
  readonly resolution?: Resolution;
  readonly ders?: readonly KnownDer[];
  readonly nowMs?: number;
}

function assemble(cells: readonly Cell[], asked: Asked = {}) {
  const { hours = 1, resolution = "15m", ders = [], nowMs = originMs + 10 * 24 * hourMs } = asked;
  const range = { fromMs: originMs, toMs: originMs + hours * hourMs };
  return assembleEnergy(cells, { ...range, resolution, timezone: "UTC", nowMs, ders });
}

/** Wh of a flow in each bucket, to a thousandth, with the source where it is not the counter. */
function show(result: ReturnType<typeof assemble>, flow: Flow) {
  return result.buckets.map(({ flows }) => {
    const energy = flows.get(flow);
    if (energy === undefined) return undefined;
    const Wh = Math.round(energy.kWh * 1e6) / 1e3;
    return energy.source === "counter" ? Wh : `${Wh} ${energy.source}`;
  });
}

const gapMinutes = (result: ReturnType<typeof assemble>, flow: Flow) =>
  result.buckets.map(({ flows }) => (flows.get(flow)?.gapMs ?? Number.NaN) / 60_000);

describe("energy from counters", () => {
  it("shares what came between the cells' readings by time", () => {
    const result = assemble([
      cell("m", 0, { in: counter(0, [1000, 1100], [0, 600]) }),
      cell("m", 1, { in: counter(1, [1130, 1200], [150, 900]) }),
    ]);
    // 30 Wh in 450 s, 300 of them in the first quarter.
    assert.deepEqual(show(result, "imported"), [120, 80, undefined, undefined]);
  });

  it("bridges a gap of any length evenly, and says how long it was", () => {
    const result = assemble([
      cell("m", 0, { in: counter(0, [1000, 1100], [0, 900]) }),
      cell("m", 3, { in: counter(3, [1400, 1500], [0, 900]) }),
    ]);
    assert.deepEqual(show(result, "imported"), [100, 150, 150, 100]);
    assert.deepEqual(gapMinutes(result, "imported"), [0, 15, 15, 0]);
  });

  it("needs readings outside the range for its first and last bucket, and takes them", () => {
    const result = assemble([
      cell("m", -40, { in: counter(-40, [1000, 1000], [0, 0]) }),
      cell("m", 44, { in: counter(44, [1840, 1840], [0, 0]) }),
    ]);
    assert.deepEqual(show(result, "imported"), [10, 10, 10, 10]);
  });

  it("counts from 0 after a restart between cells", () => {
    const result = assemble([
      cell("m", 0, { in: counter(0, [90_000, 90_100], [0, 900]) }),
      cell("m", 1, { in: counter(1, [0, 70], [0, 900]) }),
    ]);
    assert.deepEqual(show(result, "imported").slice(0, 2), [100, 70]);
  });

  it("takes an hourly counter's growth to where the power was", () => {
    const at = (quarter: number, Wh: number) => counter(quarter, [Wh, Wh], [0, 0]);
    const result = assemble([
      cell("m", 0, { in: at(0, 1000), power: power(0, 0, [0, 899]) }),
      cell("m", 1, { power: power(1, 0, [0, 899]) }),
      cell("m", 2, { power: power(2, 3000, [0, 899]) }),
      cell("m", 3, { power: power(3, 1000, [0, 899]) }),
      cell("m", 4, { in: at(4, 2000), power: power(4, 1000, [0, 899]) }),
    ]);
    const [first, second, third, fourth] = show(result, "imported").map(Number);
    assert.equal(first, 0);
    assert.ok((second ?? 0) < 5 && (third ?? 0) > 740 && (fourth ?? 0) > 240);
    const sum = (second ?? 0) + (third ?? 0) + (fourth ?? 0);
    assert.ok(Math.abs(sum - 1000) < 0.01);
    assert.deepEqual(gapMinutes(result, "imported"), [0, 0, 0, 0]);
  });

  it("does not believe one that stays at 0 while power flows", () => {
    const cells = [0, 1, 2, 3].map((quarter) =>
      cell("pv", quarter, {
        type: "pv",
        ...{ out: counter(quarter, [0, 0]), power: power(quarter, -3600, [0, 899]) },
      }),
    );
    assert.deepEqual(show(assemble(cells), "produced").slice(0, 2), ["900 power", "900 power"]);
    // One that stays at 0 with nothing flowing is right.
    const exported = cells.map((each) => ({ ...each, type: "meter" as const, power: undefined }));
    assert.deepEqual(show(assemble(exported), "exported").slice(0, 3), [0, 0, 0]);
  });

  it("never tells a negative energy where a counter jitters", () => {
    const result = assemble([cell("m", 0, { in: { ...counter(0, [1000, 999]), increaseWh: -1 } })]);
    assert.deepEqual(show(result, "imported")[0], 0);
  });
});

describe("energy from power", () => {
  it("is taken where there are no counters, both ways", () => {
    const result = assemble([
      cell("m", 0, { power: power(0, 360, [0, 900]) }),
      cell("m", 1, { power: power(1, -720, [0, 900]) }),
    ]);
    // From 360 W to −720 W in no time: what stands at the edge is in both.
    assert.deepEqual(show(result, "imported").slice(0, 2), ["90 power", "0 power"]);
    assert.deepEqual(show(result, "exported").slice(0, 2), ["0 power", "180 power"]);
  });

  it("goes straight from one cell's last reading to the next one's first", () => {
    const result = assemble([
      cell("m", 0, { power: power(0, 0, [0, 840]) }),
      cell("m", 1, { power: power(1, 3600, [60, 900]) }),
    ]);
    // A line from 0 W to 3600 W in two minutes: 15 Wh before the edge, 45 Wh after it.
    assert.deepEqual(show(result, "imported").slice(0, 2), ["15 power", "885 power"]);
  });

  it("ends at gaps of more than 15 minutes, and says how long they were", () => {
    const result = assemble([
      cell("m", 0, { power: power(0, 3600, [0, 600]) }),
      cell("m", 2, { power: power(2, 3600, [0, 900]) }),
      cell("m", 3, { power: power(3, 3600, [0, 900]) }),
    ]);
    assert.deepEqual(show(result, "imported"), ["600 power", undefined, "900 power", "900 power"]);
    assert.deepEqual(gapMinutes(result, "imported"), [5, Number.NaN, 0, 0]);
  });

  it("stands in for a counter that is not there yet, which makes the day mixed", () => {
    const cells = [
      cell("m", 0, { power: power(0, 360, [0, 899]) }),
      cell("m", 1, { power: power(1, 360, [0, 899]), in: counter(1, [5000, 5090], [0, 900]) }),
    ];
    const result = assemble(cells, { hours: 24, resolution: "1d" });
    assert.deepEqual(show(result, "imported"), ["180 mixed"]);
    assert.deepEqual(show(assemble(cells), "imported").slice(0, 2), ["90 power", 90]);
  });
});

describe("a site", () => {
  const full = (type: ReadingType, derId: string, values: { in?: number; out?: number }) =>
    [0, 1, 2, 3].map((quarter) =>
      cell(derId, quarter, {
        type,
        ...(values.in !== undefined && { in: counter(quarter, [0, values.in], [0, 900]) }),
        ...(values.out !== undefined && { out: counter(quarter, [0, values.out], [0, 900]) }),
      }),
    );

  it("consumes what neither left it nor stayed in the battery, cars included", () => {
    const { total } = assemble([
      ...full("meter", "m", { in: 50, out: 100 }),
      ...full("pv", "p", { out: 400 }),
      ...full("battery", "b", { in: 150, out: 20 }),
      ...full("v2x_charger", "v", { in: 60, out: 10 }),
    ]);
    assert.equal(total.consumedKWh?.toFixed(6), "0.880000");
    assert.equal(total.selfConsumption?.toFixed(6), "0.750000");
    assert.equal(total.selfSufficiency?.toFixed(6), (1 - 200 / 880).toFixed(6));
    assert.deepEqual(
      [...total.flows].map(([flow, { kWh }]) => [flow, Math.round(kWh * 1000)]),
      [
        ["imported", 200],
        ["exported", 400],
        ["produced", 1600],
        ["charged", 600],
        ["discharged", 80],
        ["ev_charged", 240],
        ["ev_discharged", 40],
      ],
    );
  });

  it("has no shares of nothing, and consumes nobody knows what without a meter", () => {
    const { total } = assemble(full("pv", "p", { out: 0 }));
    assert.deepEqual(
      [total.consumedKWh, total.selfConsumption, total.selfSufficiency],
      [undefined, undefined, undefined],
    );
    const idle = assemble(full("meter", "m", { in: 0, out: 0 })).total;
    assert.deepEqual([idle.consumedKWh, idle.selfSufficiency], [0, undefined]);
  });

  it("adds up several meters and several panels", () => {
    const result = assemble([
      ...full("meter", "m1", { in: 10, out: 0 }),
      ...full("meter", "m2", { in: 20, out: 5 }),
      ...full("pv", "p1", { out: 1 }),
      ...full("pv", "p2", { out: 2 }),
    ]);
    assert.deepEqual(show(result, "imported"), [30, 30, 30, 30]);
    assert.deepEqual(show(result, "produced"), [3, 3, 3, 3]);
  });

  it("takes an inverter's AC side for production only without panels and battery beside it", () => {
    const inverter = [0, 1, 2, 3].map((quarter) =>
      cell("i", quarter, { type: "inverter", power: power(quarter, -360, [0, 900]) }),
    );
    assert.deepEqual(show(assemble(inverter), "produced")[0], "90 power");
    const beside = (type: "pv" | "battery") =>
      show(assemble([...inverter, ...full(type, "x", { out: 1 })]), "produced")[0];
    assert.deepEqual([beside("pv"), beside("battery")], [1, undefined]);
  });

  it("does not know what it consumed while a DER of it is silent", () => {
    const meter = full("meter", "m", { in: 50, out: 0 });
    const silent: KnownDer = { derId: "p", type: "pv", sinceMs: originMs - hourMs };
    const known = assemble(meter, { ders: [silent] });
    assert.deepEqual(
      [known.total.consumedKWh, known.total.flows.has("produced")],
      [undefined, false],
    );
    // One that came later was not missing before.
    const later = assemble(meter, { ders: [{ ...silent, sinceMs: originMs + 24 * hourMs }] });
    assert.equal(later.total.consumedKWh, 0.2);
    // Nor is one missing that was taken away.
    const gone = [...meter, cell("p", 0, { type: "pv", out: counter(0, [0, 7], [0, 900]) })];
    assert.equal(assemble(gone).buckets[2]?.consumedKWh, 0.05);
  });

  it("does not miss what is still to come", () => {
    const cells = [cell("m", 0, { in: counter(0, [0, 9], [0, 600]) })];
    const ders: KnownDer[] = [{ derId: "m", type: "meter", sinceMs: originMs }];
    const result = assemble(cells, { ders, nowMs: originMs + 601_000 });
    assert.ok((gapMinutes(result, "imported")[0] ?? 1) < 0.1);
  });

  it("does not care in which order its cells come", () => {
    const cells = full("meter", "m", { in: 50, out: 3 });
    assert.deepEqual(assemble(cells.toReversed()), assemble(cells));
  });
});

describe("the range of cells", () => {
  it("is a day more than the whole buckets at both ends", () => {
    const at = (text: string) => Date.parse(text);
    const [from, to] = [at("2026-03-10T12:00:00Z"), at("2026-03-29T12:00:00Z")];
    assert.deepEqual(cellRange(from, to, "1mo", "Europe/Stockholm"), {
      fromMs: at("2026-02-27T23:00:00Z"),
      toMs: at("2026-04-01T22:00:00Z"),
    });
  });
});
