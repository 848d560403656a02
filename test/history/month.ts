import type { Reading } from "@novacore/protocol";
import { uniform } from "@novacore/simulator";
import { createMonthHome, type MonthDer, type MonthHome } from "./month-home.ts";

export interface MonthOptions {
  readonly seed: number;
  readonly homes: number;
  /** Readings of one DER are so far apart, more or less; 5 minutes at most (see home-model.ts). */
  readonly intervalMs: number;
  /** Default: 2026-03, in which the clocks of Stockholm go forward; 2026-10: they go back. */
  readonly month?: "2026-03" | "2026-10";
}

/** A reading on its way to the hub. */
export interface ArrivedReading {
  readonly home: number;
  readonly derId: string;
  readonly type: Reading["type"];
  readonly reading: Reading;
  readonly arrivalMs: number;
  /** `duplicate`: (derId, timestamp) came before, perhaps with other values; the first one counts. */
  readonly kind: "fresh" | "late" | "duplicate";
}

export interface Month {
  readonly timezone: string;
  /** The month by the clocks there. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly homes: readonly MonthHome[];
  /** All of them in the order of arrival, made as they are read; each call gives the same ones. */
  readings(): Generator<ArrivedReading>;
}

const months = {
  "2026-03": [Date.UTC(2026, 1, 28, 23), Date.UTC(2026, 2, 31, 22)],
  "2026-10": [Date.UTC(2026, 8, 30, 22), Date.UTC(2026, 9, 31, 23)],
} as const;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Readings begin before the month and go on after it, as its first and last quarter need them. */
const marginMs = 2 * hourMs;

/**
 * A month of some homes in Stockholm: with outages in which readings are lost, others that are made
 * up for hours or days later, duplicates, readings that overtake others, and counters that restart.
 */
export function generateMonth({ seed, homes: count, intervalMs, month }: MonthOptions): Month {
  if (intervalMs > 300_000) throw new RangeError("powers change too often for such an interval");
  const [fromMs, toMs] = months[month ?? "2026-03"];
  const span = { fromMs: fromMs - marginMs, toMs: toMs + marginMs, intervalMs };
  const homes = Array.from({ length: count }, (_, home) => createMonthHome(seed, home, span));
  const ders = homes.flatMap((home) => home.ders.map((der) => ({ home, der })));
  return {
    timezone: "Europe/Stockholm",
    ...{ fromMs, toMs, homes },
    *readings() {
      const pending = new Map<number, ArrivedReading[]>();
      const days = Math.ceil((span.toMs - span.fromMs) / dayMs);
      const lastDay = () => Math.max(days - 1, ...pending.keys());
      for (let day = 0; day <= lastDay(); day++) {
        const startMs = span.fromMs + day * dayMs;
        for (const { home, der } of day < days ? ders : []) {
          for (const arrived of arrivalsOf(
            home,
            der,
            startMs,
            Math.min(startMs + dayMs, span.toMs),
          )) {
            const dayOfArrival = Math.floor((arrived.arrivalMs - span.fromMs) / dayMs);
            const others = pending.get(dayOfArrival);
            if (others === undefined) pending.set(dayOfArrival, [arrived]);
            else others.push(arrived);
          }
        }
        const today = pending.get(day) ?? [];
        pending.delete(day);
        yield* today.sort((a, b) => a.arrivalMs - b.arrivalMs);
      }
    },
  };
}

/** What was read from `fromMs` to before `toMs`, with what was sent once more. */
function* arrivalsOf(
  home: MonthHome,
  der: MonthDer,
  fromMs: number,
  toMs: number,
): Generator<ArrivedReading> {
  for (const [index, timeMs] of der.timesBetween(fromMs, toMs)) {
    const outage = home.outageAt(timeMs);
    if (outage?.kind === "lost") continue;
    const chance = (salt: number) => uniform(der.seed + salt, index);
    const reading = der.read(timeMs, index);
    // One in a hundred is overtaken by what was read after it.
    const onWayMs = 200 + Math.round(chance(1) * 800) + (chance(2) < 0.01 ? 600_000 : 0);
    const arrivalMs =
      outage?.kind === "late" ? outage.arrivalMs + (index % 1_000) : timeMs + onWayMs;
    const { derId, type } = der;
    const isLate = arrivalMs - timeMs > 300_000;
    const common = { home: home.home, derId, type };
    yield { ...common, reading, arrivalMs, kind: isLate ? "late" : "fresh" };
    if (chance(3) >= 0.01) continue;
    const isOther = chance(4) < 0.1;
    yield {
      ...common,
      reading: isOther
        ? { ...reading, W: (reading.W ?? 0) + (type === "pv" ? -111 : 111) }
        : reading,
      arrivalMs: arrivalMs + 1_000 + Math.round(chance(5) * 3 * hourMs),
      kind: "duplicate",
    };
  }
}
