import type { Output } from "./output.ts";

/** Lines at a terminal that are drawn over, in place. */
export class Redraw {
  readonly #output: Output;
  #height = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Lines that fit the terminal's width. Cut to its height: what scrolls away is not drawn over. */
  async show(lines: readonly string[]): Promise<void> {
    const { rows } = this.#output;
    const most = Math.max(1, rows - 1);
    const hidden = lines.length - most;
    const shown =
      hidden > 0 ? [...lines.slice(0, most - 1), `… and ${hidden + 1} more`] : [...lines];
    const text = shown.map((line) => `${line}${clearToLineEnd}\n`).join("");
    await this.#output.write(`${this.#backToTop()}${text}${clearToEnd}`);
    this.#height = shown.length;
  }

  /** Makes room for a line above; the next lines are drawn below it. */
  async clear(): Promise<void> {
    if (this.#height > 0) await this.#output.write(`${this.#backToTop()}${clearToEnd}`);
    this.#height = 0;
  }

  #backToTop(): string {
    return this.#height > 0 ? `\u001b[${this.#height}A\r` : "";
  }
}

const clearToLineEnd = "\u001b[K";
const clearToEnd = "\u001b[J";
