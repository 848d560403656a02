import { readFileSync } from "node:fs";

/** Half-hourly mean powers of a real home, both ≥ 0, starting on a Monday at midnight. */
export interface RecordedDays {
  readonly consumptionW: readonly number[];
  readonly generationW: readonly number[];
}

export const halfHourSeconds = 1800;
export const daySeconds = 86_400;

/** Reads the fortnight that the package ships; see data/README.md for where it is from. */
export function readRecordedDays(): RecordedDays {
  const csv = readFileSync(new URL("../data/solar-home-fortnight.csv", import.meta.url), "utf8");
  return parseRecordedDays(csv);
}

/** Throws an Error naming the line that is not `time,kW,kW`, or a recording of broken days. */
export function parseRecordedDays(csv: string): RecordedDays {
  const consumptionW: number[] = [];
  const generationW: number[] = [];
  const rows = csv.trimEnd().split("\n").slice(1);
  for (const [index, row] of rows.entries()) {
    const [, consumption, generation] = row.split(",").map(Number);
    if (!isPower(consumption) || !isPower(generation)) {
      throw new Error(`line ${index + 2} of the recording is not "time,kW,kW": ${row}`);
    }
    consumptionW.push(consumption * 1000);
    generationW.push(generation * 1000);
  }
  if (rows.length === 0 || rows.length % 48 !== 0) {
    throw new Error(
      `the recording has ${rows.length} half hours, which is no whole number of days`,
    );
  }
  return { consumptionW, generationW };
}

function isPower(value: number | undefined): value is number {
  return value !== undefined && value >= 0 && value < Number.POSITIVE_INFINITY;
}
