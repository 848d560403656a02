import type { Sink } from "./terminal.ts";

/** Sooner than this, an answer needs no explanation. */
const quietMs = 1_000;
const redrawMs = 250;

/**
 * One line on stderr about what is under way, when it takes longer than a second. Where stderr is no
 * terminal there is none: logs and pipes have no use for it.
 */
export class Progress {
  readonly #stderr: Sink;
  #text = "";
  #startedMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isDrawn = false;

  constructor(stderr: Sink) {
    this.#stderr = stderr;
  }

  /** Says what is under way from now on; called again, it replaces what was said. */
  show(text: string): void {
    this.#text = text;
    if (!this.#stderr.isTTY || this.#timer !== undefined) return;
    this.#startedMs = performance.now();
    this.#timer = setInterval(() => this.#draw(), redrawMs);
    this.#timer.unref(); // what it tells of is what keeps the process
  }

  /** Makes room for something else; what is still under way is drawn again below it. */
  clear(): void {
    if (!this.#isDrawn) return;
    this.#stderr.write(clearLine);
    this.#isDrawn = false;
  }

  /** Nothing is under way any more. */
  done(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.clear();
  }

  #draw(): void {
    const elapsedMs = performance.now() - this.#startedMs;
    if (elapsedMs < quietMs) return;
    const line = `${this.#text} … ${Math.floor(elapsedMs / 1_000)} s`;
    this.#stderr.write(clearLine + line.slice(0, (this.#stderr.columns || 80) - 1));
    this.#isDrawn = true;
  }
}

const clearLine = "\r\u001b[2K";
