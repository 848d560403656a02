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
}

function barsOf(
  { data, from, to }: History,
  valueNames: readonly string[],
  names: ReadonlyMap<string, string>,
): Bars[] {
  const range = { fromMs: Date.parse(from), toMs: Date.parse(to) };
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
  const cells = Math.max(barsMin, columns - besideBars);
  const extreme = (title: string, of: (...values: number[]) => number): Column<Bars> => ({
    title,
    of: ({ points }) => rounded(of(...points.flatMap(({ value }) => value ?? []))),
    align: "right",
  });
  return [
    { title: "DER", of: ({ der }) => der },
    { title: "FIELD", of: ({ name }) => name },
    { title: "", of: ({ points, fromMs, toMs }) => sparkline(points, { fromMs, toMs, cells }) },
    extreme("LEAST", Math.min),
    extreme("MOST", Math.max),
  ];
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
