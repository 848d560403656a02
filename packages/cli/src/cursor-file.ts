import { randomUUID } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { readIfThere } from "@novacore/simulator/secret-file";
import { CommandFailed } from "./failure.ts";

/** Between two writes while readings come: what a `kill -9` makes come twice. */
const keepMs = 1_000;

/** A position in the stream, kept in a file from one run to the next. */
export class CursorFile {
  readonly #path: string;
  readonly #now: () => number;
  #kept: string | undefined;
  #keptMs = -Infinity;

  /** `now`: milliseconds of a clock that is never set. */
  constructor(path: string, now: () => number = () => performance.now()) {
    this.#path = path;
    this.#now = now;
  }

  /** Undefined where no run has left one. Throws CommandFailed for a file that holds something else. */
  read(): string | undefined {
    const content = readIfThere(this.#path);
    if (content === undefined) return undefined;
    const cursor = content.trim();
    if (isCursor(cursor)) return cursor;
    throw new CommandFailed(`${this.#path} holds no cursor; give another file, or remove it.`);
  }

  /** Keeps the position, at most once a second. */
  keep(cursor: string | undefined): void {
    if (this.#now() - this.#keptMs >= keepMs) this.save(cursor);
  }

  /** Keeps the position now: the file has the old one or this, whatever is killed. */
  save(cursor: string | undefined): void {
    if (cursor === undefined || cursor === this.#kept) return;
    const unfinished = `${this.#path}.${randomUUID()}.part`;
    try {
      writeFileSync(unfinished, `${cursor}\n`, { flush: true });
      renameSync(unfinished, this.#path);
    } catch (error) {
      rmSync(unfinished, { force: true });
      throw error;
    }
    this.#kept = cursor;
    this.#keptMs = this.#now();
  }
}

/** What is opaque may still not hold what a shell would run. */
export function isCursor(text: string): boolean {
  return /^[\w-]{1,64}$/.test(text);
}
