import { Type } from "typebox";
import type { ColumnType, Value } from "../duck/database.ts";
import { resolutions } from "../history/buckets.ts";
import type { SiteEnergy } from "../history/energy.ts";
import { type Flow, flows } from "../history/flows.ts";
import type { Columnar } from "../history/range-job.ts";
import type { Zone } from "../history/zone.ts";
import { nullable } from "./fields.ts";

const kWh = (description: string) =>
  nullable(Type.Number({ minimum: 0, description, "x-unit": "kWh" }));
const share = (description: string) =>
  nullable(Type.Number({ minimum: 0, maximum: 1, description }));
const time = (description: string) =>
  Type.String({ format: "date-time", description: `${description}; ISO-8601, the site's offset` });

const energies = {
  imported_kWh: kWh("From the grid, by all meters"),
  exported_kWh: kWh("To the grid, by all meters"),
  produced_kWh: kWh("By all pv; by inverters where the site has neither pv nor battery"),
  charged_kWh: kWh("Into batteries"),
  discharged_kWh: kWh("Out of batteries"),
  ev_charged_kWh: kWh("Into cars"),
  ev_discharged_kWh: kWh("Out of cars"),
};

const Source = Type.Enum(["counter", "power", "mixed"]);
const GapMs = Type.Integer({ minimum: 0, "x-unit": "ms" });

const periodMembers = {
  start: time("Start, part of it"),
  end: time("End, no part of it"),
  ...energies,
  consumed_kWh: kWh("imported − exported + produced + discharged − charged: cars are part of it"),
  self_consumption: share("Share of produced that was not exported"),
  self_sufficiency: share("Share of consumed that was not imported"),
  sources: Type.Partial(Type.Object(ofFlows(() => Source)), {
    description: "Where each value is from: lifetime counters, power integrated over time, or both",
  }),
  gaps_ms: Type.Partial(Type.Object(ofFlows(() => GapMs)), {
    description:
      "Time without readings, more than 15 minutes between two of them, of the DER that was missing longest. What a counter grew in it is in the value, shared out evenly; of power it is not",
  }),
};
const Period = Type.Object(periodMembers, {
  title: "EnergyPeriod",
  description:
    "Energy in a stretch of time; values are at least 0, and null where there is no such DER or it did not report",
});

const members = {
  site_id: Type.String(),
  timezone: Type.String({ description: "IANA name; days and months are of this zone" }),
  resolution: Type.Enum(resolutions),
  periods: Type.Array(Period, {
    description:
      "Whole ones that share a moment with from–to. A value is null when the site has no such DER, or it did not report",
  }),
  total: Period,
  cursor: nullable(
    Type.String({ description: "A live stream from here begins after the newest reading in it" }),
  ),
};
export const EnergyAnswer = Type.Object(members, {
  title: "SiteEnergy",
  description:
    "What a site imported, produced and used, by periods; docs/energy.md says how it is counted",
});

/** A period as it is answered. Energies are rounded to 1 mWh, shares to a hundredth of a percent. */
export function toPeriodAnswer(energy: SiteEnergy, zone: Pick<Zone, "format">) {
  const found = (flow: Flow) => energy.flows.get(flow);
  const entries = [...energy.flows];
  return {
    start: zone.format(energy.startMs),
    end: zone.format(energy.endMs),
    imported_kWh: rounded(found("imported")?.kWh, 6),
    exported_kWh: rounded(found("exported")?.kWh, 6),
    produced_kWh: rounded(found("produced")?.kWh, 6),
    charged_kWh: rounded(found("charged")?.kWh, 6),
    discharged_kWh: rounded(found("discharged")?.kWh, 6),
    ev_charged_kWh: rounded(found("ev_charged")?.kWh, 6),
    ev_discharged_kWh: rounded(found("ev_discharged")?.kWh, 6),
    consumed_kWh: rounded(energy.consumedKWh, 6),
    self_consumption: rounded(energy.selfConsumption, 4),
    self_sufficiency: rounded(energy.selfSufficiency, 4),
    sources: ofFound(entries.map(([flow, { source }]) => [flow, source])),
    gaps_ms: ofFound(entries.map(([flow, { gapMs }]) => [flow, Math.round(gapMs)])),
  };
}

function ofFound<T>(entries: readonly [Flow, T][]): Partial<Record<Flow, T>> {
  const found: Partial<Record<Flow, T>> = {};
  for (const [flow, value] of entries) found[flow] = value;
  return found;
}

type PeriodAnswer = ReturnType<typeof toPeriodAnswer>;

/** The same as a table: where each value is from, and the gaps, have columns of their own. */
export function toPeriodTable(periods: readonly PeriodAnswer[]): Columnar {
  const plain = (name: "start" | "end" | (typeof numberNames)[number], type: ColumnType) => ({
    ...{ name, type, values: periods.map((period) => period[name]) },
  });
  const columns: readonly (Columnar["columns"][number] & { readonly values: readonly Value[] })[] =
    [
      ...[plain("start", "VARCHAR"), plain("end", "VARCHAR")],
      ...numberNames.map((name) => plain(name, "DOUBLE")),
      ...flows.flatMap((flow) => [
        {
          ...{ name: `${flow}_source`, type: "VARCHAR" as const },
          values: periods.map(({ sources }) => sources[flow] ?? null),
        },
        {
          ...{ name: `${flow}_gap_ms`, type: "DOUBLE" as const },
          values: periods.map(({ gaps_ms }) => gaps_ms[flow] ?? null),
        },
      ]),
    ];
  return { columns, values: columns.map(({ values }) => values), rowCount: periods.length };
}

const numberNames = [
  ...flows.map((flow) => `${flow}_kWh` as const),
  ...(["consumed_kWh", "self_consumption", "self_sufficiency"] as const),
];

function rounded(value: number | undefined, digits: number): number | null {
  return value === undefined ? null : Number(value.toFixed(digits));
}

function ofFlows<T>(make: (flow: Flow) => T): Record<Flow, T> {
  return {
    imported: make("imported"),
    exported: make("exported"),
    produced: make("produced"),
    charged: make("charged"),
    discharged: make("discharged"),
    ev_charged: make("ev_charged"),
    ev_discharged: make("ev_discharged"),
  };
}
