import type { Simulation } from "@novacore/simulator";
import type { Row } from "./output.ts";

export interface SimulationAbout {
  readonly via: "mqtt" | "nats" | "http";
  readonly speed: number | "max";
  readonly seed: number;
  readonly isCleaned: boolean;
}

/** What a run did, for programs; null is what was not told. */
export function summaryJson(simulation: Simulation, about: SimulationAbout) {
  const { orgId, homes, fromMs, toMs, tally, found, isInterrupted } = simulation;
  const { via, speed, seed, isCleaned } = about;
  const { measured, dropped, sent, late, copies, acknowledged } = tally;
  return {
    org_id: orgId,
    homes: homes.map(({ siteId, gateway }) => ({
      site_id: siteId,
      gateway_serial: gateway.serial,
    })),
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    ...{ via, speed, seed, measured, dropped, sent, late, copies, acknowledged },
    ...told(tally, via),
    found: found ?? null,
    interrupted: isInterrupted,
    cleaned: isCleaned,
  };
}

/** The same for people. */
export function summaryRows(simulation: Simulation, about: SimulationAbout): Row[] {
  const { orgId, homes, fromMs, toMs, tally, found } = simulation;
  const { stored, duplicates, rejected, rejections } = told(tally, about.via);
  return [
    ["Organization", about.isCleaned ? `${orgId} (deleted)` : orgId],
    ["Homes", homes.length],
    ...(about.isCleaned ? [] : siteRows(homes)),
    ["Time", `${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`],
    ["Readings measured", tally.measured],
    ["  dropped", tally.dropped],
    [`Messages sent (${about.via})`, tally.sent],
    ["  late", tally.late],
    ["  sent twice", tally.copies],
    ["Acknowledged", tally.acknowledged],
    ["  stored", stored],
    ["  duplicates", duplicates],
    ["  rejected", withCodes(rejected, rejections ?? {})],
    ...(found === undefined ? [] : foundRows(found)),
  ];
}

/** So many are named; the rest is in the JSON, and in `site list`. */
const sitesMax = 5;

function siteRows(homes: Simulation["homes"]): Row[] {
  const rows = homes.slice(0, sitesMax).map(({ siteId }): Row => ["  site", siteId]);
  const more = homes.length - rows.length;
  return more > 0 ? [...rows, ["", `… and ${more} more`]] : rows;
}

/** What is wrong with what the hub has; undefined: nothing, as far as it was asked. */
export function lackText({ found }: Pick<Simulation, "found">): string | undefined {
  if (found === undefined || found.missing === 0) return undefined;
  const { missing } = found;
  if (missing > 0)
    return `The hub has neither stored nor refused ${missing} readings that were sent.`;
  return `The hub has ${-missing} readings more than were sent.`;
}

function foundRows({ stored, refused, missing }: NonNullable<Simulation["found"]>): Row[] {
  const count = Object.values(refused).reduce((sum, each) => sum + each, 0);
  return [
    ["The hub has", `${stored} readings`],
    ["  refused", withCodes(count, refused)],
    ["  missing", missing],
  ];
}

/** MQTT acknowledges, and says no more. */
function told({ stored, duplicates, rejected, rejections }: Simulation["tally"], via: string) {
  if (via !== "mqtt") return { stored, duplicates, rejected, rejections };
  return { stored: null, duplicates: null, rejected: null, rejections: null };
}

function withCodes(count: number | null, codes: Readonly<Record<string, number>>) {
  const each = Object.entries(codes).map(([code, n]) => `${code} ${n}`);
  return each.length === 0 ? count : `${count} (${each.join(", ")})`;
}
