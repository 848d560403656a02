import { once } from "node:events";
import { styleText } from "node:util";
import { printableLines } from "./printable.ts";
import type { Progress } from "./progress.ts";
import { type Column, cellText, type TableStyle, tableLines } from "./table.ts";
import type { Sink, Terminal } from "./terminal.ts";

type Style = Parameters<typeof styleText>[0];

/** A label, and what stands behind it. */
export type Row = readonly [label: string, value: string | number | boolean | null | undefined];

export interface OutputOptions {
  readonly terminal: Pick<Terminal, "stdout" | "env" | "signal">;
  readonly progress: Progress;
  readonly isJson: boolean;
}

/** What a command answers, on stdout: for people, or one JSON object a line for programs. */
export class Output {
  readonly isJson: boolean;
  /** Somebody looks at it, and it may be drawn over. */
  readonly isTerminal: boolean;
  readonly #stdout: Sink;
  readonly #signal: AbortSignal;
  readonly #progress: Progress;
  readonly #isColoured: boolean;

  constructor({ terminal, progress, isJson }: OutputOptions) {
    this.isJson = isJson;
    this.isTerminal = terminal.stdout.isTTY === true;
    this.#stdout = terminal.stdout;
    this.#signal = terminal.signal;
    this.#progress = progress;
    this.#isColoured = this.isTerminal && !terminal.env.NO_COLOR && terminal.env.TERM !== "dumb";
  }

  get columns(): number {
    return this.#stdout.columns || 80; // 0: a terminal that does not know
  }

  get rows(): number {
    return this.#stdout.rows || 24;
  }

  /** A list: a table, or a line of JSON for each item as soon as it is there. */
  async list<T>(items: Iterable<T> | AsyncIterable<T>, columns: readonly Column<T>[]) {
    if (this.isJson) {
      for await (const item of items) await this.json(item);
      return;
    }
    const all: T[] = [];
    for await (const item of items) all.push(item);
    if (all.length > 0) {
      await this.text(tableLines(all, columns, this.tableStyle).join("\n"));
    } else if (this.isTerminal) await this.text("None."); // a pipe gets no line
  }

  /** One thing: its rows, or the thing itself as JSON. */
  async record(thing: object, rows: readonly Row[]): Promise<void> {
    if (this.isJson) return this.json(thing);
    const width = Math.max(...rows.map(([label]) => label.length));
    const line = ([label, value]: Row) =>
      `${this.style("dim", label.padEnd(width))}  ${cellText(value)}`;
    await this.text(rows.map(line).join("\n"));
  }

  /** That something was done: a sentence, or what it was done to. */
  async done(sentence: string, thing: object): Promise<void> {
    await (this.isJson ? this.json(thing) : this.text(printableLines(sentence)));
  }

  json(value: unknown): Promise<void> {
    return this.write(`${JSON.stringify(value)}\n`);
  }

  text(text: string): Promise<void> {
    return this.write(`${text}\n`);
  }

  /** Resolves when there is room for more: a slow reader slows the command down. */
  async write(content: string | Uint8Array): Promise<void> {
    this.#progress.clear();
    if (this.#stdout.write(content)) return;
    await once(this.#stdout, "drain", { signal: this.#signal });
  }

  /** Of a terminal that scrolls; one that is drawn over has a width as well. */
  get tableStyle(): TableStyle {
    return { title: (line) => this.style("bold", line), widthMax: Infinity };
  }

  style(style: Style, text: string): string {
    return this.#isColoured ? styleText(style, text, { validateStream: false }) : text;
  }
}
