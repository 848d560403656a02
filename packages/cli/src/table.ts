import { printable } from "./printable.ts";

export interface Column<T> {
  readonly title: string;
  /** Undefined and null are shown as a dash: not known is not empty. */
  readonly of: (item: T) => string | number | boolean | null | undefined;
  /** Default: left. */
  readonly align?: "right";
}

export interface TableStyle {
  /** What the line of titles is put into. */
  readonly title: (line: string) => string;
  /** Characters of a line at most; what is longer is cut off. */
  readonly widthMax: number;
}

const plain: TableStyle = { title: (line) => line, widthMax: Infinity };

/** Lines of equal columns, the titles first. Control characters are taken out: names are others' texts. */
export function tableLines<T>(
  items: readonly T[],
  columns: readonly Column<T>[],
  style: TableStyle = plain,
): string[] {
  const titles = columns.map(({ title }) => title);
  const rows = items.map((item) => columns.map((column) => cellText(column.of(item))));
  const widths = columns.map((_, index) =>
    Math.max(...[titles, ...rows].map((row) => width(row[index] ?? ""))),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align))
      .join("  ")
      .trimEnd()
      .slice(0, style.widthMax);
  return [style.title(line(titles)), ...rows.map(line)];
}

export function cellText(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined || value === "") return "–";
  return printable(String(value));
}

function pad(cell: string, size: number, align: "right" | undefined): string {
  const gap = " ".repeat(Math.max(0, size - width(cell)));
  return align === "right" ? gap + cell : cell + gap;
}

const segmenter = new Intl.Segmenter();

/** In characters as people see them; wide ones of East Asia count as one, and may stand askew. */
function width(cell: string): number {
  return [...segmenter.segment(cell)].length;
}
