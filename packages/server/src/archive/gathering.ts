import type { EnrichedAddress } from "@novacore/protocol";
import { dayMs, dayOf } from "../registry/utc-day.ts";
import { columns, placeColumns, spread } from "./columns.ts";

/** A reading on its way into a file. */
export interface GatheredReading {
  readonly address: EnrichedAddress;
  readonly reading: Readonly<Record<string, unknown>>;
  readonly timestampMs: number;
  /** In the stream that it came from. */
  readonly sequence: number;
  readonly kind: "rows" | "late";
}

/** The readings of one file. */
export interface GatheredFile {
  readonly orgId: string;
  readonly day: string;
  readonly kind: "rows" | "late";
  readonly ders: Map<string, DerRows>;
  rows: number;
  sequenceFirst: number;
  sequenceLast: number;
  timestampFirst: number;
  timestampLast: number;
}

/**
 * Readings that are to become files, sorted by file and DER as they come and kept column by column:
 * numbers in arrays of numbers take a fifth of what the parsed objects would.
 */
export class Gathering {
  readonly #files = new Map<string, GatheredFile>();
  readonly #rowsOfSites = new Map<string, number>();
  #rows = 0;
  #siteRowsMost = 0;

  get rows(): number {
    return this.#rows;
  }

  /** Of the site that has most: queries of it read them until they are in a file. */
  get siteRowsMost(): number {
    return this.#siteRowsMost;
  }

  get files(): readonly GatheredFile[] {
    return [...this.#files.values()];
  }

  add(one: GatheredReading): void {
    const { address, timestampMs, sequence } = one;
    const file = this.#fileOf(one);
    let rows = file.ders.get(address.derId);
    if (rows === undefined) {
      rows = new DerRows(address);
      file.ders.set(address.derId, rows);
    }
    rows.add(one);
    this.#rows++;
    const ofSite = (this.#rowsOfSites.get(address.siteId) ?? 0) + 1;
    this.#rowsOfSites.set(address.siteId, ofSite);
    this.#siteRowsMost = Math.max(this.#siteRowsMost, ofSite);
    file.rows++;
    file.sequenceFirst = Math.min(file.sequenceFirst, sequence);
    file.sequenceLast = Math.max(file.sequenceLast, sequence);
    file.timestampFirst = Math.min(file.timestampFirst, timestampMs);
    file.timestampLast = Math.max(file.timestampLast, timestampMs);
  }

  #fileOf({ address: { orgId }, timestampMs, sequence, kind }: GatheredReading): GatheredFile {
    const key = `${orgId} ${kind} ${Math.floor(timestampMs / dayMs)}`;
    const known = this.#files.get(key);
    if (known !== undefined) return known;
    const file: GatheredFile = {
      ...{ orgId, day: dayOf(timestampMs), kind, ders: new Map(), rows: 0 },
      ...{ sequenceFirst: sequence, sequenceLast: sequence },
      ...{ timestampFirst: timestampMs, timestampLast: timestampMs },
    };
    this.#files.set(key, file);
    return file;
  }
}

/** Readings of one DER, in the order that they came in. */
export class DerRows {
  readonly #address: EnrichedAddress;
  readonly #timestamps: number[] = [];
  /** By the column's place; shorter than the rows are where the last ones lack it. */
  readonly #numbers: (number[] | undefined)[] = [];
  readonly #texts: ((string | null)[] | undefined)[] = [];
  readonly #set: (index: number, value: string | number | boolean) => void;

  constructor(address: EnrichedAddress) {
    this.#address = address;
    this.#set = (index, value) => {
      if (typeof value === "string") {
        this.#setText(index, value);
      } else {
        this.#setNumber(index, Number(value));
      }
    };
  }

  get count(): number {
    return this.#timestamps.length;
  }

  add({ reading, timestampMs, sequence }: GatheredReading): void {
    spread(reading, this.#set);
    this.#setNumber(placeColumns.sequence, sequence);
    this.#timestamps.push(timestampMs);
  }

  #setNumber(index: number, value: number): void {
    const numbers = this.#numbers[index] ?? [];
    this.#numbers[index] = numbers;
    while (numbers.length < this.#timestamps.length) numbers.push(absent);
    numbers.push(value);
  }

  #setText(index: number, value: string): void {
    if (this.#constant(index) !== undefined) return;
    const texts = this.#texts[index] ?? [];
    this.#texts[index] = texts;
    while (texts.length < this.#timestamps.length) texts.push(null);
    texts.push(value);
  }

  /** Whether any reading has a value in the column. */
  has(index: number): boolean {
    if (this.#constant(index) !== undefined) return true;
    return this.#numbers[index] !== undefined || this.#texts[index] !== undefined;
  }

  /** The rows' numbers in the order of their timestamps, then of the stream. */
  order(): readonly number[] {
    const order = Array.from(this.#timestamps, (_, row) => row);
    // On time they are in order already, which costs the sort one look at each.
    return order.sort((a, b) => (this.#timestamps[a] ?? 0) - (this.#timestamps[b] ?? 0) || a - b);
  }

  /** Adds the values of some rows to a column as DuckDB takes them: numbers, flags too, or texts. */
  copyTo(target: (string | number | null)[], index: number, rows: readonly number[]): void {
    const constant = this.#constant(index);
    if (constant !== undefined) {
      for (let i = 0; i < rows.length; i++) target.push(constant);
    } else if (columns[index]?.type === "VARCHAR") {
      const texts = this.#texts[index];
      for (const row of rows) target.push(texts?.[row] ?? null);
    } else {
      const numbers = this.#numbers[index];
      for (const row of rows) target.push(numbers?.[row] ?? absent);
    }
  }

  /** Whose they are is what the subject says, whatever the reading does. */
  #constant(index: number): string | undefined {
    const { derId, siteId, deviceId } = this.#address;
    if (index === placeColumns.der) return derId;
    if (index === placeColumns.site) return siteId;
    return index === placeColumns.device ? deviceId : undefined;
  }
}

/** Stands for no number: JSON has none like it, and null would make arrays of numbers slow ones. */
const absent = Number.NaN;
