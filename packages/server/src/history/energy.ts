import { type Bucket, bucketsOf, type Resolution } from "./buckets.ts";
import { type Cell, quarterMs } from "./cells.ts";
import { type Flow, flows, type KnownDer, type SiteFlow, siteFlows } from "./flows.ts";

/** Counters, power integrated over time, or some of both. */
export type EnergySource = "counter" | "power" | "mixed";

export interface FlowEnergy {
  /** ≥ 0. */
  readonly kWh: number;
  readonly source: EnergySource;
  /**
   * Time without readings of one of the DERs. A counter's growth in it is part of `kWh`, shared out
   * over the gap; of power it is not.
   */
  readonly gapMs: number;
}

export interface SiteEnergy extends Bucket {
  /** Without an entry: the site had no such DER, or it did not report. */
  readonly flows: ReadonlyMap<Flow, FlowEnergy>;
  /**
   * Everything that was used on the site, cars included: imported − exported + produced + discharged
   * − charged. undefined where the site had no meter, or a DER that belongs to it did not report.
   */
  readonly consumedKWh: number | undefined;
  /** Share of what was produced that was not exported, 0–1; undefined where nothing was produced. */
  readonly selfConsumption: number | undefined;
  /** Share of what was consumed that was not imported, 0–1; undefined where nothing was consumed. */
  readonly selfSufficiency: number | undefined;
}

export interface EnergyOptions {
  readonly fromMs: number;
  readonly toMs: number;
  readonly resolution: Resolution;
  /** IANA name: days and months are the site's. */
  readonly timezone: string;
  readonly nowMs: number;
  /** What the registry knows of the site; DERs that are no more there need not be in it. */
  readonly ders: readonly KnownDer[];
}

export interface SiteEnergies {
  readonly buckets: readonly SiteEnergy[];
  readonly total: SiteEnergy;
}

/** How far beyond the buckets cells are needed: gaps are bridged that end within it. */
const marginMs = 86_400_000;

/** The cells that `assembleEnergy` needs: whole quarters from `fromMs` to before `toMs`. */
export function cellRange(
  fromMs: number,
  toMs: number,
  resolution: Resolution,
  timezone: string,
): { readonly fromMs: number; readonly toMs: number } {
  return rangeAround(bucketsOf(fromMs, toMs, resolution, timezone));
}

/**
 * The energy of a site in each bucket that the range touches, and in all of them together. The cells
 * are of the site alone and of `cellRange`, each quarter of a DER once, in any order.
 */
export function assembleEnergy(cells: readonly Cell[], options: EnergyOptions): SiteEnergies {
  const { ders, nowMs } = options;
  const buckets = bucketsOf(options.fromMs, options.toMs, options.resolution, options.timezone);
  const { fromMs, toMs } = rangeAround(buckets);
  const quarters = { startMs: fromMs, count: Math.ceil((toMs - fromMs) / quarterMs) };
  const site = siteFlows(cells, ders, quarters, nowMs);
  const energyIn = (bucket: Bucket) => siteEnergy(site, bucket, quarters.startMs);
  const whole = { startMs: buckets.at(0)?.startMs ?? fromMs, endMs: buckets.at(-1)?.endMs ?? toMs };
  return { buckets: buckets.map(energyIn), total: energyIn(whole) };
}

function rangeAround(buckets: readonly Bucket[]): { fromMs: number; toMs: number } {
  const [first, last] = [buckets.at(0), buckets.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError("the range is empty");
  return { fromMs: Math.max(0, first.startMs - marginMs), toMs: last.endMs + marginMs };
}

function siteEnergy(
  site: ReadonlyMap<Flow, SiteFlow>,
  { startMs, endMs }: Bucket,
  originMs: number,
): SiteEnergy {
  const [from, to] = [(startMs - originMs) / quarterMs, (endMs - originMs) / quarterMs];
  const found = new Map<Flow, FlowEnergy>();
  const missing = new Set<Flow>();
  for (const flow of flows) {
    const quarters = site.get(flow);
    if (quarters === undefined) continue;
    const energy = flowEnergy(quarters, from, to);
    if (energy !== undefined) found.set(flow, energy);
    else if (quarters.present.subarray(from, to).includes(1)) missing.add(flow);
  }
  return { startMs, endMs, flows: found, ...balance(found, missing) };
}

function flowEnergy(site: SiteFlow, from: number, to: number): FlowEnergy | undefined {
  let [Wh, bits, gapMs] = [0, 0, 0];
  for (let index = from; index < to; index++) {
    Wh += site.Wh[index] ?? 0;
    bits |= site.sources[index] ?? 0;
    gapMs += site.gapMs[index] ?? 0;
  }
  const source = sourceOf[bits];
  // A counter that jitters may have fallen a little.
  return source && { kWh: Math.max(0, Wh) / 1000, source, gapMs };
}

const sourceOf: readonly (EnergySource | undefined)[] = [undefined, "counter", "power", "mixed"];

function balance(found: ReadonlyMap<Flow, FlowEnergy>, missing: ReadonlySet<Flow>) {
  const kWh = (flow: Flow) => found.get(flow)?.kWh;
  const [imported, exported, produced] = [kWh("imported"), kWh("exported"), kWh("produced")];
  const isKnown = (["produced", "charged", "discharged"] as const).every(
    (flow) => !missing.has(flow),
  );
  // A site without panels or battery has neither to add; one without a meter can have used anything.
  const consumedKWh =
    imported === undefined || exported === undefined || !isKnown
      ? undefined
      : Math.max(
          0,
          imported - exported + (produced ?? 0) + (kWh("discharged") ?? 0) - (kWh("charged") ?? 0),
        );
  return {
    consumedKWh,
    selfConsumption: shareKept(produced, exported),
    selfSufficiency: shareKept(consumedKWh, imported),
  };
}

/** A battery that exports what it imported would make it negative. */
function shareKept(whole: number | undefined, gone: number | undefined): number | undefined {
  if (whole === undefined || gone === undefined || whole <= 0) return undefined;
  return Math.min(1, Math.max(0, 1 - gone / whole));
}
