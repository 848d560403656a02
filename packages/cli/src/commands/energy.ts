import type { EnergyPeriod, SiteEnergy } from "@novacore/client";
import { defineCommand } from "../command.ts";
import { optional } from "../field.ts";
import { oneOf, timeOrDate } from "../readers.ts";
import { chooseSite, siteDefault } from "../site-choice.ts";
import type { Column } from "../table.ts";

const resolutions = ["15m", "1h", "1d", "1mo"] as const;
type Resolution = (typeof resolutions)[number];

const weekMs = 7 * 86_400_000;

export const energy = defineCommand({
  summary: "Show what a site imported, produced, stored and used",
  notes:
    "Periods are whole, and days and months are those of the site. A dash is what the site has no " +
    "meter for, or what did not report. docs/energy.md says how it is counted.",
  options: {
    site: optional("SITE", `Id of the site; ${siteDefault}`),
    from: optional("TIME", "As 30d, 2026-11-01, or ISO-8601; default: 7d", timeOrDate()),
    to: optional("TIME", "Default: now", timeOrDate()),
    resolution: optional("PERIOD", "15m, 1h, 1d (the default) or 1mo", oneOf(resolutions)),
  },
  examples: [
    "novacore energy",
    "novacore energy --site sit-01J… --from 2026-01-01 --resolution 1mo",
    "novacore energy --site sit-01J… --from 1d --resolution 1h --json",
  ],
  async run({ site, from = Date.now() - weekMs, to, resolution = "1d" }, context) {
    const { connect, output, signal } = context;
    const connected = await connect();
    const id = site ?? (await chooseSite(connected, "give one by --site.", signal));
    const answer = await connected.nova.site(id).energy({ from, to, resolution, signal });
    if (output.isJson) return output.json(answer);
    await output.list(rowsOf(answer, resolution), columnsOf(answer));
  },
});

interface EnergyRow {
  readonly label: string;
  readonly period: EnergyPeriod;
}

function rowsOf({ periods, total }: SiteEnergy, resolution: Resolution): EnergyRow[] {
  const rows = periods.map((period) => ({ label: labelOf(period.start, resolution), period }));
  return [...rows, { label: "Total", period: total }];
}

/** `2026-11-28T13:00:00+01:00` in as much detail as the period has. */
function labelOf(start: string, resolution: Resolution): string {
  switch (resolution) {
    case "1mo":
      return start.slice(0, 7);
    case "1d":
      return start.slice(0, 10);
    case "1h":
    case "15m":
      return start.slice(0, 16).replace("T", " ");
  }
}

/** Charging of cars only where there is some. */
function columnsOf({ timezone, total }: SiteEnergy): readonly Column<EnergyRow>[] {
  const kWh = (title: string, of: (period: EnergyPeriod) => number | null): Column<EnergyRow> => ({
    title,
    of: ({ period }) => of(period)?.toFixed(2),
    align: "right",
  });
  const share = (
    title: string,
    of: (period: EnergyPeriod) => number | null,
  ): Column<EnergyRow> => ({
    title,
    of: ({ period }) => percent(of(period)),
    align: "right",
  });
  return [
    { title: `PERIOD (${timezone})`, of: ({ label }) => label },
    kWh("IMPORTED kWh", ({ imported_kWh }) => imported_kWh),
    kWh("EXPORTED", ({ exported_kWh }) => exported_kWh),
    kWh("PRODUCED", ({ produced_kWh }) => produced_kWh),
    kWh("CHARGED", ({ charged_kWh }) => charged_kWh),
    kWh("DISCHARGED", ({ discharged_kWh }) => discharged_kWh),
    ...(total.ev_charged_kWh === null ? [] : [kWh("CARS", ({ ev_charged_kWh: cars }) => cars)]),
    kWh("CONSUMED", ({ consumed_kWh }) => consumed_kWh),
    share("SELF-USED", ({ self_consumption }) => self_consumption),
    share("SELF-SUPPLIED", ({ self_sufficiency }) => self_sufficiency),
  ];
}

function percent(fraction: number | null): string | null {
  return fraction === null ? null : `${Math.round(fraction * 100)} %`;
}
