import { readingSchemas, readingTypes } from "@novacore/protocol";
import { aggregates } from "./range-wish.ts";

/** The units of columns that have one: of fields, and of their aggregates. */
export function unitsOf(names: readonly string[]): Record<string, string> {
  const entries = names.flatMap((name) => {
    const unit = name === "timestamp" ? "ms" : (unitOf(name) ?? unitOf(name.replace(suffix, "")));
    return unit === undefined ? [] : [[name, unit] as const];
  });
  return Object.fromEntries(entries);
}

const suffix = new RegExp(`_(${aggregates.join("|")})$`);

function unitOf(name: string): string | undefined {
  // Of trackers there are as many as a device has: their unit stands in the name.
  return units.get(name) ?? /^mppt\d+_(V|A|W)$/.exec(name)?.[1];
}

const units: ReadonlyMap<string, string> = new Map(
  readingTypes.flatMap((type) =>
    Object.entries(readingSchemas[type].properties).flatMap(([name, schema]) => {
      const { "x-unit": unit } = { "x-unit": undefined, ...schema };
      return typeof unit === "string" ? [[name, unit] as const] : [];
    }),
  ),
);
