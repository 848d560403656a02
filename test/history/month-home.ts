import type { Reading } from "@novacore/protocol";
import { uniform } from "@novacore/simulator";
import { createHomeModel, type HomeModel, type Powers } from "./home-model.ts";

/** A time in which the gateway reached nobody. */
export type Outage = { readonly fromMs: number; readonly toMs: number } & (
  | { readonly kind: "lost" }
  /** Kept, and sent all at once. */
  | { readonly kind: "late"; readonly arrivalMs: number }
);

export interface MonthHome {
  readonly home: number;
  readonly ders: readonly MonthDer[];
  readonly outages: readonly Outage[];
  outageAt(timeMs: number): Outage | undefined;
  readonly model: HomeModel;
}

export interface MonthDer {
  readonly derId: string;
  readonly type: Reading["type"];
  /** Which of the home's powers it measures. */
  readonly member: keyof Powers;
  /** Whether its readings have lifetime counters. */
  readonly hasCounters: boolean;
  readonly seed: number;
  /** Times of its readings with their numbers, lost ones too. */
  timesBetween(fromMs: number, toMs: number): Generator<readonly [index: number, timeMs: number]>;
  read(timeMs: number, index: number): Reading;
}

export interface MonthSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly intervalMs: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Homes differ: every fourth has no counters, every fourth only its meter has. */
export function createMonthHome(seed: number, home: number, span: MonthSpan): MonthHome {
  const homeSeed = seed * 1_000 + home;
  const kind = { hasSecondPv: home % 4 === 3, isV2x: home % 4 === 2 };
  const outages = outagesOf(homeSeed, span);
  const outageAt = (timeMs: number) =>
    outages.find(({ fromMs, toMs }) => timeMs >= fromMs && timeMs < toMs);
  const model = createHomeModel({
    ...{ seed: homeSeed, ...kind },
    fromMs: span.fromMs - hourMs,
    toMs: span.toMs + hourMs,
  });
  const countersOf = (type: Reading["type"]) =>
    home % 4 !== 1 && (home % 4 !== 2 || type === "meter");
  const der = (type: Reading["type"], member: keyof Powers, number: number): MonthDer =>
    createDer({
      derId: `home-${home}-${member.slice(0, -1)}`,
      ...{ type, member, model, span, outageAt },
      hasCounters: countersOf(type),
      seed: homeSeed * 10 + number,
    });
  const ders = [
    der("meter", "meterW", 0),
    der("pv", "pvW", 1),
    der("battery", "batteryW", 2),
    der(kind.isV2x ? "v2x_charger" : "ev_charger", "evW", 3),
    ...(kind.hasSecondPv ? [der("pv", "pv2W", 4)] : []),
  ];
  return { home, ders, outages, outageAt, model };
}

/** Two that lose readings and three that delay them, days apart; one of each over the last Sunday. */
function outagesOf(seed: number, { fromMs, toMs }: MonthSpan): Outage[] {
  const chance = (salt: number) => uniform(seed, 7_000 + salt);
  const slots = [2, 7, 12, 17, 22].map((day, index) => {
    const startMs = fromMs + (day + 3 * chance(index)) * dayMs;
    return { startMs: Math.round(startMs), lengthMs: (0.5 + 20 * chance(index + 10)) * hourMs };
  });
  const outages = slots.map(({ startMs, lengthMs }, index): Outage => {
    const endMs = Math.round(startMs + (index % 2 === 0 ? lengthMs / 3 : lengthMs));
    if (index % 2 === 0) return { kind: "lost", fromMs: startMs, toMs: endMs };
    // The second waits two days more before it is made up for.
    const arrivalMs = endMs + (index === 1 ? 5_000 : 2 * dayMs);
    return { kind: "late", fromMs: startMs, toMs: endMs, arrivalMs };
  });
  const changeMs = clockChangeMs(toMs);
  const edges = { fromMs: changeMs - hourMs + (seed % 60) * 1_000, toMs: changeMs + 2 * hourMs };
  const atChange: Outage =
    seed % 2 === 0
      ? { kind: "lost", ...edges }
      : { kind: "late", ...edges, arrivalMs: edges.toMs + 60_000 };
  return [...outages, atChange];
}

/** The last Sunday before, 01:00 UTC: the clocks of Europe are changed. */
function clockChangeMs(toMs: number): number {
  const day = new Date(toMs - 3 * hourMs);
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() - day.getUTCDay(), 1);
}

interface DerOptions extends Omit<MonthDer, "timesBetween" | "read"> {
  readonly model: HomeModel;
  readonly span: MonthSpan;
  readonly outageAt: MonthHome["outageAt"];
}

function createDer(options: DerOptions): MonthDer {
  const { derId, type, member, hasCounters, seed, model, span, outageAt } = options;
  const { intervalMs } = span;
  const timeOf = (index: number) =>
    index * intervalMs + Math.floor(uniform(seed, index) * intervalMs * 0.5);
  /** When the counters restart: with the last reading that came, so that nothing went uncounted. */
  const restartMs = (() => {
    if (uniform(seed, -3) < 0.5) return undefined;
    let index = Math.floor((span.fromMs + (5 + 20 * uniform(seed, -1)) * dayMs) / intervalMs);
    while (outageAt(timeOf(index))?.kind === "lost") index--;
    return timeOf(index);
  })();
  const baseWh = 1e6 + Math.round(9e6 * uniform(seed, -2));
  const counterWh = (direction: "in" | "out", timeMs: number) => {
    const Wh = model.energyWh(member, direction, timeMs);
    const isRestarted = restartMs !== undefined && timeMs > restartMs;
    const counted = isRestarted ? Wh - model.energyWh(member, direction, restartMs) : baseWh + Wh;
    return Math.round(counted * 10) / 10;
  };
  return {
    ...{ derId, type, member, hasCounters, seed },
    *timesBetween(fromMs, toMs) {
      for (let index = Math.floor(fromMs / intervalMs) - 1; ; index++) {
        const timeMs = timeOf(index);
        if (timeMs >= toMs) return;
        if (timeMs >= fromMs) yield [index, timeMs];
      }
    },
    read(timeMs, index) {
      const W = model.powersAt(timeMs)[member];
      const counters = hasCounters
        ? { inWh: counterWh("in", timeMs), outWh: counterWh("out", timeMs) }
        : undefined;
      return readingOf({ type, timeMs, W, counters, noise: (salt) => uniform(seed + salt, index) });
    },
  };
}

interface Measured {
  readonly type: Reading["type"];
  readonly timeMs: number;
  readonly W: number;
  readonly counters: { readonly inWh: number; readonly outWh: number } | undefined;
  readonly noise: (salt: number) => number;
}

/** Members beside W and counters vary by reading, and are absent now and then. */
function readingOf({ type, timeMs, W, counters, noise }: Measured): Reading {
  const head = { timestamp: timeMs, read_time_ms: Math.round(20 + 80 * noise(20)), W };
  const V = Math.round((228 + 8 * noise(21)) * 10) / 10;
  const heatsink = noise(22) < 0.1 ? {} : { heatsink_C: Math.round(200 + 250 * noise(23)) / 10 };
  const { inWh, outWh } = counters ?? {};
  const charged = inWh === undefined ? {} : { total_charge_Wh: inWh };
  const discharged = outWh === undefined ? {} : { total_discharge_Wh: outWh };
  switch (type) {
    case "meter":
      return {
        ...{ type, ...head, L1_V: V, Hz: Math.round((49.95 + 0.1 * noise(24)) * 1_000) / 1_000 },
        ...(inWh === undefined ? {} : { total_import_Wh: inWh }),
        ...(outWh === undefined ? {} : { total_export_Wh: outWh }),
      };
    case "pv":
      return {
        ...{ type, ...head, V, ...heatsink },
        ...(outWh === undefined ? {} : { total_generation_Wh: outWh }),
      };
    case "battery":
      return {
        ...{ type, ...head, V: Math.round(V / 5), ...heatsink },
        SoC_nom_fract: Math.round(noise(25) * 1_000) / 1_000,
        ...{ ...charged, ...discharged },
      };
    case "v2x_charger":
      return { type, ...head, V, ...charged, ...discharged, plug_connected: W !== 0 };
    case "ev_charger":
      return { type, ...head, V, ...charged, plug_connected: W !== 0 };
    case "inverter":
      return { type, ...head, ...heatsink };
  }
}
