import { columns } from "../archive/columns.ts";
import { literal, type Result } from "../duck/database.ts";

/** Runs a statement on the archive's files. */
export type Select = (
  sql: string,
  signal: AbortSignal | undefined,
) => Promise<Pick<Result, "columns" | "rowCount">>;

/**
 * Which columns of files hold anything. Most of the archive's hold nothing in any one file, and
 * reading them for a few rows takes longer than finding the rows. A file never changes.
 */
export class UsedColumns {
  readonly #select: Select;
  readonly #known = new Map<string, Uint8Array>();

  constructor(select: Select) {
    this.#select = select;
  }

  /** Their names, in the order of the archive's columns. */
  async of(paths: readonly string[], signal: AbortSignal | undefined): Promise<readonly string[]> {
    const unknown = paths.filter((path) => !this.#known.has(path));
    const found = unknown.length === 0 ? undefined : await this.#read(unknown, signal);
    const used = new Set<number>();
    for (const path of paths) {
      const ofFile = found?.get(path) ?? this.#known.get(path);
      // It was forgotten meanwhile, which only costs time.
      if (ofFile === undefined) return columns.map(({ name }) => name);
      for (const index of ofFile) used.add(index);
    }
    if (found !== undefined) this.#keep(found);
    return columns.flatMap(({ name }, index) => (used.has(index) ? [name] : []));
  }

  async #read(
    paths: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    const list = paths.map(literal).join(", ");
    const result = await this.#select(
      `select file_name, path_in_schema from parquet_metadata([${list}]) group by all
        having bool_or(stats_null_count is null or stats_null_count < num_values)`,
      signal,
    );
    const [files = [], names = []] = result.columns;
    const ofFile = new Map<string, number[]>(paths.map((path) => [path, []]));
    for (let row = 0; row < result.rowCount; row++) {
      const index = indexOf.get(String(names[row]));
      if (index !== undefined) ofFile.get(String(files[row]))?.push(index);
    }
    return new Map([...ofFile].map(([path, indexes]) => [path, Uint8Array.from(indexes)]));
  }

  #keep(found: ReadonlyMap<string, Uint8Array>): void {
    if (this.#known.size + found.size > filesMax) this.#known.clear();
    for (const [path, indexes] of found) this.#known.set(path, indexes);
  }
}

const indexOf = new Map(columns.map(({ name }, index) => [name, index]));

/** Files remembered, 300 bytes each. */
const filesMax = 10_000;
