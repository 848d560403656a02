import type { History, HistoryRow } from "@novacore/client";
import type { Output } from "./output.ts";
import { type Point, sparkline } from "./sparkline.ts";
import type { Column } from "./table.ts";

/** Rows of history as a table; at a terminal bars come first, a line for each DER and column. */
export async function showHistory(
  history: History,
  names: ReadonlyMap<string, string>,
  output: Output,
): Promise<void> {
  const { data, timezone } = history;
  const valueNames = [...new Set(data.flatMap(Object.keys))].filter((name) => !keyNames.has(name));
  if (output.isTerminal && data.length > 0) {
    await output.list(barsOf(history, valueNames, names), barColumns(output));
    await output.text("");
  }
  const timeText = timeFormat(timezone);
  const columns: readonly Column<HistoryRow>[] = [
    { title: `TIME (${timezone})`, of: ({ timestamp }) => timeText(timestamp) },
    { title: "DER", of: ({ der_id }) => names.get(der_id) ?? der_id },
    { title: "N", of: ({ n }) => n, align: "right" },
    ...valueNames.map(
      (name): Column<HistoryRow> => ({
        title: name,
        of: (row) => rounded(row[name]),
        align: "right",
      }),
    ),
  ];
  await output.list(data, columns);
}

const keyNames: ReadonlySet<string> = new Set(["der_id", "timestamp", "n"]);

interface Bars {
  readonly der: string;
  readonly name: string;
  readonly points: readonly Point[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Between two rows of a DER. */
  readonly stepMs: number;
}

function barsOf(
  { data, from, to }: History,
  valueNames: readonly string[],
  names: ReadonlyMap<string, string>,
): Bars[] {
  // The first row may be of a stretch of time that began before.
  const fromMs = least([Date.parse(from), ...data.map(({ timestamp }) => timestamp)]);
  const range = { fromMs, toMs: Date.parse(to), stepMs: stepOf(data) };
  const byDer = Map.groupBy(data, ({ der_id }) => der_id);
  return [...byDer].flatMap(([id, rows]) =>
    valueNames.flatMap((name) => {
      const points = rows.map((row) => ({ timeMs: row.timestamp, value: numberOf(row[name]) }));
      const isKnown = points.some(({ value }) => value !== undefined);
      return isKnown ? [{ der: names.get(id) ?? id, name, points, ...range }] : [];
    }),
  );
}

/** What the other columns of a line of bars take at most, and the fewest bars that say anything. */
const besideBars = 46;
const barsMin = 20;

function barColumns({ columns }: Pick<Output, "columns">): readonly Column<Bars>[] {
  const cellsMax = Math.max(barsMin, columns - besideBars);
  const extreme = (title: string, of: (values: readonly number[]) => number): Column<Bars> => ({
    title,
    of: ({ points }) => rounded(of(points.flatMap(({ value }) => value ?? []))),
    align: "right",
  });
  return [
    { title: "DER", of: ({ der }) => der },
    { title: "FIELD", of: ({ name }) => name },
    {
      title: "",
      of: ({ points, fromMs, toMs, stepMs }) => {
        // More bars than rows would be blanks, as if nothing were known of the time between.
        const cells = Math.min(cellsMax, Math.ceil((toMs - fromMs) / stepMs));
        return sparkline(points, {
          fromMs,
          toMs: fromMs + Math.max(cells * stepMs, toMs - fromMs),
          cells,
        });
      },
    },
    extreme("LEAST", least),
    extreme("MOST", most),
  ];
}

/** The shortest time between two rows; a day where there is one alone. */
function stepOf(data: readonly HistoryRow[]): number {
  const times = [...new Set(data.map(({ timestamp }) => timestamp))].toSorted((a, b) => a - b);
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  return least([86_400_000, ...steps]);
}

/** There may be more than a call takes as arguments. */
function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function most(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}

function numberOf(value: HistoryRow[string]): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** To a thousandth, which is more than any of it is exact to. */
function rounded(value: HistoryRow[string]): Exclude<HistoryRow[string], undefined> | undefined {
  return typeof value === "number" ? Math.round(value * 1_000) / 1_000 : value;
}

/** `2026-11-28 13:00:00`, as Sweden writes it, in the zone. */
function timeFormat(timeZone: string): (timeMs: number) => string {
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone,
    dateStyle: "short",
    timeStyle: "medium",
  });
  return (timeMs) => format.format(timeMs);
}
