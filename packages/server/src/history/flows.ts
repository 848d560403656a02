import type { ReadingType } from "@novacore/protocol";
import { type Cell, quarterMs } from "./cells.ts";
import {
  type Direction,
  type QuarterEnergy,
  type Quarters,
  sources,
  spreadCells,
} from "./quarters.ts";

/** Energy that goes one way through one kind of DER. */
export const flows = [
  "imported",
  "exported",
  "produced",
  "charged",
  "discharged",
  "ev_charged",
  "ev_discharged",
] as const;
export type Flow = (typeof flows)[number];

/** A DER as the registry knows it. */
export interface KnownDer {
  readonly derId: string;
  readonly type: ReadingType;
  /** Since when it is there; its readings may be older. */
  readonly sinceMs: number;
}

/** A flow through all DERs of a site that have it, quarter by quarter. */
export interface SiteFlow {
  readonly Wh: Float64Array;
  /** Bits: 1 from a counter, 2 from power. */
  readonly sources: Uint8Array;
  /** Time for which at least one of the DERs that were there has no readings. */
  readonly gapMs: Float64Array;
  /** Whether any such DER was there. */
  readonly present: Uint8Array;
}

/**
 * What each type of DER adds to, by the sign of its power. Meters add up, as each is taken to stand
 * at a grid connection of its own. The AC side of an inverter is what its panels and its battery
 * report already, so it stands for them only where they do not (see `flowsOf`).
 */
const flowsOfType: Record<ReadingType, Partial<Record<Direction, Flow>>> = {
  meter: { in: "imported", out: "exported" },
  pv: { out: "produced" },
  battery: { in: "charged", out: "discharged" },
  ev_charger: { in: "ev_charged" },
  v2x_charger: { in: "ev_charged", out: "ev_discharged" },
  inverter: { out: "produced" },
};

/** The flows of a site, of the cells of all its DERs in any order. */
export function siteFlows(
  cells: readonly Cell[],
  known: readonly KnownDer[],
  quarters: Quarters,
  nowMs: number,
): ReadonlyMap<Flow, SiteFlow> {
  const ders = dersOf(cells, known);
  const hasParts = ders.some(({ type }) => type === "pv" || type === "battery");
  const site = new Map<Flow, SiteFlow>();
  for (const der of ders) {
    if (der.type === "inverter" && hasParts) continue;
    for (const direction of ["in", "out"] as const) {
      const flow = flowsOfType[der.type][direction];
      if (flow === undefined) continue;
      const sum = site.get(flow) ?? emptyFlow(quarters.count);
      site.set(flow, sum);
      addDer(sum, spreadCells(der.cells, direction, quarters), { ...der, quarters, nowMs });
    }
  }
  return site;
}

interface Der {
  readonly type: ReadingType;
  readonly cells: readonly Cell[];
  /** While it was there, whether it reported or not. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * A DER is there from when it was registered or first read, whichever was earlier, and stays: one
 * that falls silent is missing, and what it did is unknown. One that the registry has no more was
 * there as long as it was read.
 */
function dersOf(cells: readonly Cell[], known: readonly KnownDer[]): Der[] {
  const ofDer = Map.groupBy(cells, ({ derId }) => derId);
  const registered = new Map(known.map((der) => [der.derId, der]));
  return [...new Set([...ofDer.keys(), ...registered.keys()])].flatMap((derId) => {
    const own = (ofDer.get(derId) ?? []).toSorted((a, b) => a.quarterMs - b.quarterMs);
    const [first, last, der] = [own.at(0), own.at(-1), registered.get(derId)];
    const type = last?.type ?? der?.type;
    if (type === undefined) return [];
    const fromMs = Math.min(first?.quarterMs ?? Number.POSITIVE_INFINITY, der?.sinceMs ?? Infinity);
    const untilMs = der === undefined ? (last?.quarterMs ?? 0) + quarterMs : Infinity;
    return [{ type, cells: own, fromMs, untilMs }];
  });
}

function emptyFlow(count: number): SiteFlow {
  return {
    Wh: new Float64Array(count),
    sources: new Uint8Array(count),
    gapMs: new Float64Array(count),
    present: new Uint8Array(count),
  };
}

function addDer(
  site: SiteFlow,
  energy: QuarterEnergy,
  der: Der & { readonly quarters: Quarters; readonly nowMs: number },
): void {
  const { startMs, count } = der.quarters;
  for (let index = 0; index < count; index++) {
    site.Wh[index] = (site.Wh[index] ?? 0) + (energy.Wh[index] ?? 0);
    const bit = sourceBits[energy.source[index] ?? sources.none] ?? 0;
    site.sources[index] = (site.sources[index] ?? 0) | bit;
    const quarterStartMs = startMs + index * quarterMs;
    if (quarterStartMs + quarterMs <= der.fromMs || quarterStartMs >= der.untilMs) continue;
    site.present[index] = 1;
    // What is still to come is missed by nobody.
    const pastMs = Math.min(quarterMs, Math.max(0, der.nowMs - quarterStartMs));
    const gapMs = Math.max(0, pastMs - (energy.observedMs[index] ?? 0));
    site.gapMs[index] = Math.max(site.gapMs[index] ?? 0, gapMs);
  }
}

const sourceBits: readonly number[] = [0, 1, 2];
