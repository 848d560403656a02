import { type Cell, quarterMs } from "./cells.ts";
import { counterIncreaseWh, energyAboveWh } from "./counter.ts";

/** Which way energy went, by the sign convention: into the load, the battery or the car, or out. */
export type Direction = "in" | "out";

/** Quarters of an hour in a row. */
export interface Quarters {
  readonly startMs: number;
  readonly count: number;
}

/** Where the energy of a quarter is taken from. */
export const sources = { none: 0, counter: 1, power: 2 } as const;

/** The energy of one DER in one direction, quarter by quarter. */
export interface QuarterEnergy {
  readonly Wh: Float64Array;
  /** One of `sources`. */
  readonly source: Uint8Array;
  /** Time for which there are readings, no two in a row farther apart than `gapMsMin`. */
  readonly observedMs: Float64Array;
}

/** Readings farther apart leave a gap: nobody knows what the power was between them. */
const gapMsMin = 15 * 60_000;

/** A counter that stays at 0 while so much flows counts nothing. */
const deadCounterWh = 1_000;

/**
 * Spreads the cells of one DER, in order of time, over quarters. Each quarter is taken from the
 * counter where that spans it, gaps of any length included: what a counter grew in a gap is shared
 * out over it. Elsewhere it is the power's energy, which ends at gaps.
 */
export function spreadCells(
  cells: readonly Cell[],
  direction: Direction,
  quarters: Quarters,
): QuarterEnergy {
  const power = spreadPower(cells, direction, quarters);
  const counter = spreadCounter(cells, direction, quarters, power);
  const source = new Uint8Array(quarters.count);
  for (let index = 0; index < quarters.count; index++) {
    const spannedMs = counter.spannedMs[index] ?? 0;
    const observedMs = power.observedMs[index] ?? 0;
    // Half, as readings with a counter may come less often than those with a power, and the newest
    // of them be a little behind.
    const isCounted = spannedMs > 0 && spannedMs * 2 >= observedMs;
    if (isCounted) source[index] = sources.counter;
    else if (observedMs > 0) source[index] = sources.power;
    power.Wh[index] = (isCounted ? counter.Wh[index] : power.Wh[index]) ?? 0;
    power.observedMs[index] = Math.max(observedMs, counter.observedMs[index] ?? 0);
  }
  return { Wh: power.Wh, source, observedMs: power.observedMs };
}

interface Power {
  readonly Wh: Float64Array;
  readonly observedMs: Float64Array;
}

function spreadPower(cells: readonly Cell[], direction: Direction, quarters: Quarters): Power {
  const Wh = new Float64Array(quarters.count);
  const observedMs = new Float64Array(quarters.count);
  const sign = direction === "in" ? 1 : -1;
  let last: { readonly ms: number; readonly W: number } | undefined;
  for (const { quarterMs: startMs, power } of cells) {
    if (power === undefined) continue;
    const inside = (startMs - quarters.startMs) / quarterMs;
    add(Wh, inside, direction === "in" ? power.inWh : power.outWh);
    add(observedMs, inside, power.lastMs - power.firstMs);
    const overMs = last === undefined ? Number.POSITIVE_INFINITY : power.firstMs - last.ms;
    if (last !== undefined && overMs <= gapMsMin) {
      const { ms, W } = last;
      const at = (timeMs: number) => sign * (W + ((power.firstW - W) * (timeMs - ms)) / overMs);
      for (const piece of piecesOf(ms, power.firstMs, quarters)) {
        add(Wh, piece.index, energyAboveWh(at(piece.fromMs), at(piece.toMs), piece.ms));
        add(observedMs, piece.index, piece.ms);
      }
    }
    last = { ms: power.lastMs, W: power.lastW };
  }
  return { Wh, observedMs };
}

interface Counter {
  readonly Wh: Float64Array;
  /** Time between the counter's first value and its last. */
  readonly spannedMs: Float64Array;
  readonly observedMs: Float64Array;
}

function spreadCounter(
  cells: readonly Cell[],
  direction: Direction,
  quarters: Quarters,
  power: Power,
): Counter {
  const Wh = new Float64Array(quarters.count);
  const spannedMs = new Float64Array(quarters.count);
  const observedMs = new Float64Array(quarters.count);
  const spread = { Wh, spannedMs, observedMs };
  if (isDead(cells, direction)) return spread;
  let last: { readonly ms: number; readonly Wh: number } | undefined;
  for (const { quarterMs: startMs, [direction]: counter } of cells) {
    if (counter === undefined) continue;
    const inside = (startMs - quarters.startMs) / quarterMs;
    add(Wh, inside, counter.increaseWh);
    add(spannedMs, inside, counter.lastMs - counter.firstMs);
    add(observedMs, inside, counter.lastMs - counter.firstMs);
    if (last !== undefined) {
      const overMs = counter.firstMs - last.ms;
      const increaseWh = counterIncreaseWh(last.Wh, counter.firstWh, overMs);
      const pieces = piecesOf(last.ms, counter.firstMs, quarters);
      const shares = sharesOf(pieces, overMs, power);
      for (const [index, piece] of pieces.entries()) {
        add(Wh, piece.index, increaseWh * (shares[index] ?? 0));
        add(spannedMs, piece.index, piece.ms);
        if (overMs <= gapMsMin) add(observedMs, piece.index, piece.ms);
      }
    }
    last = { ms: counter.lastMs, Wh: counter.lastWh };
  }
  return spread;
}

/**
 * What each piece gets of what came between two values of a counter: as the power says where it was
 * there nearly all the time (counters that come once an hour), else by its length.
 */
function sharesOf(pieces: readonly Piece[], overMs: number, power: Power): number[] {
  const evenly = () => pieces.map(({ ms }) => ms / overMs);
  const insideMs = pieces.reduce((sum, { ms }) => sum + ms, 0);
  if (overMs <= gapMsMin || insideMs < overMs) return evenly();
  const of = (values: Float64Array, { index, ms }: Piece) =>
    ((values[index] ?? 0) * ms) / quarterMs;
  const observedMs = pieces.reduce((sum, piece) => sum + of(power.observedMs, piece), 0);
  const weights = pieces.map((piece) => of(power.Wh, piece));
  const weight = weights.reduce((sum, each) => sum + each, 0);
  if (observedMs < 0.9 * overMs || weight <= 0) return evenly();
  return weights.map((each) => each / weight);
}

function isDead(cells: readonly Cell[], direction: Direction): boolean {
  let Wh = 0;
  for (const { power, [direction]: counter } of cells) {
    if (counter !== undefined && (counter.firstWh !== 0 || counter.lastWh !== 0)) return false;
    if (power !== undefined) Wh += direction === "in" ? power.inWh : power.outWh;
  }
  return Wh >= deadCounterWh;
}

/** The part of a quarter that lies between two times. */
interface Piece {
  readonly index: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly ms: number;
}

/** The pieces of the way from one time to another, those outside the quarters left out. */
function piecesOf(fromMs: number, toMs: number, { startMs, count }: Quarters): Piece[] {
  const pieces: Piece[] = [];
  const first = Math.max(0, Math.floor((fromMs - startMs) / quarterMs));
  for (let index = first; index < count; index++) {
    const pieceFromMs = Math.max(fromMs, startMs + index * quarterMs);
    const pieceToMs = Math.min(toMs, startMs + (index + 1) * quarterMs);
    if (pieceToMs <= pieceFromMs) break;
    pieces.push({ index, fromMs: pieceFromMs, toMs: pieceToMs, ms: pieceToMs - pieceFromMs });
  }
  return pieces;
}

/** Beyond its ends a typed array takes nothing. */
function add(values: Float64Array, index: number, value: number): void {
  values[index] = (values[index] ?? 0) + value;
}
