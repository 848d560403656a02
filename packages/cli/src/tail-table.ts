import type { StreamEvent } from "@novacore/client";
import type { EnrichedReading } from "@novacore/protocol";
import { ageText, chargeText, flowText, powerText } from "./reading-cells.ts";
import { readingTypes } from "./reading-types.ts";
import { type Column, type TableStyle, tableLines } from "./table.ts";

type Liveness = Extract<StreamEvent, { kind: "liveness" }>;

interface Row {
  readonly reading: EnrichedReading;
  readonly state: Liveness["state"] | undefined;
  readonly ageMs: number;
}

/** The last reading of each DER, and how the DER does. */
export class TailTable {
  readonly #siteNames: ReadonlyMap<string, string>;
  readonly #readings = new Map<string, EnrichedReading>();
  readonly #states = new Map<string, Liveness["state"]>();

  /** `siteNames` by id: of more than one, the table names the site. */
  constructor(siteNames: ReadonlyMap<string, string>) {
    this.#siteNames = siteNames;
  }

  get isEmpty(): boolean {
    return this.#readings.size === 0;
  }

  take(reading: EnrichedReading): void {
    const newest = this.#readings.get(reading.der_id);
    // They may arrive out of order; the timestamp decides.
    if (newest !== undefined && newest.timestamp > reading.timestamp) return;
    this.#readings.set(reading.der_id, reading);
  }

  takeLiveness({ der_id, state }: Liveness): void {
    this.#states.set(der_id, state);
  }

  lines(nowMs: number, style?: TableStyle): string[] {
    const rows: Row[] = [...this.#readings.values()].toSorted(inPlace).map((reading) => ({
      reading,
      state: this.#states.get(reading.der_id),
      ageMs: nowMs - reading.received_at,
    }));
    const site: Column<Row> = {
      title: "SITE",
      of: ({ reading: { site_id } }) => this.#siteNames.get(site_id) ?? site_id,
    };
    const sites = new Set(rows.map(({ reading }) => reading.site_id));
    return tableLines(rows, sites.size > 1 ? [site, ...columns] : columns, style);
  }
}

const columns: readonly Column<Row>[] = [
  { title: "NAME", of: ({ reading }) => reading.der_name },
  { title: "TYPE", of: ({ reading }) => reading.type },
  { title: "POWER", of: ({ reading }) => powerText(reading), align: "right" },
  { title: "", of: ({ reading }) => flowText(reading) },
  { title: "CHARGE", of: ({ reading }) => chargeText(reading), align: "right" },
  { title: "AGE", of: ({ ageMs }) => ageText(ageMs), align: "right" },
  { title: "STATE", of: ({ state }) => state },
];

/** The same order whatever came first: rows that jump cannot be read. */
function inPlace(a: EnrichedReading, b: EnrichedReading): number {
  return (
    a.site_id.localeCompare(b.site_id) ||
    readingTypes.indexOf(a.type) - readingTypes.indexOf(b.type) ||
    a.der_name.localeCompare(b.der_name) ||
    a.der_id.localeCompare(b.der_id)
  );
}
