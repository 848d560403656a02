import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { setImmediate, setTimeout } from "node:timers/promises";
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  DuckDBPendingResultState,
  type DuckDBType,
  type DuckDBValue,
  VARCHAR,
} from "@duckdb/node-api";

/** What a value can be on its way in or out: 64-bit integers are numbers, and must fit one. */
export type Value = string | number | boolean | null;

export type ColumnType = "VARCHAR" | "BIGINT" | "DOUBLE" | "BOOLEAN";

/** A result, column by column. */
export interface Result {
  readonly names: readonly string[];
  readonly columns: readonly (readonly Value[])[];
  readonly rowCount: number;
}

export interface DuckOptions {
  readonly memoryBytesMax: number;
  /** Default: one per core. */
  readonly threads?: number;
  /** The only folders that a statement can read from and write to. */
  readonly folders: readonly string[];
  /** Where what does not fit the memory goes; inside one of the folders. */
  readonly tempDir: string;
  readonly tempBytesMax: number;
  /** Whether what Parquet files say of themselves is kept: for files that are read again and again. */
  readonly keepsFooters?: boolean;
}

/** DuckDB in memory, which sees some folders and nothing else, and cannot be told otherwise. */
export class Duck implements Disposable {
  readonly #instance: DuckDBInstance;

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  static async open(options: DuckOptions): Promise<Duck> {
    const { memoryBytesMax, threads, folders, tempDir, tempBytesMax } = options;
    await mkdir(tempDir, { recursive: true, mode: 0o700 });
    const instance = await DuckDBInstance.create(":memory:", {
      threads: String(threads ?? availableParallelism()),
      memory_limit: `${memoryBytesMax}B`,
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    const duck = new Duck(instance);
    using connection = await duck.connect();
    await connection.run(`set temp_directory = ${literal(tempDir)}`);
    await connection.run(`set max_temp_directory_size = '${tempBytesMax}B'`);
    const allowed = folders.map((folder) => literal(`${folder}/`)).join(", ");
    await connection.run(`set allowed_directories = [${allowed}]`);
    if (options.keepsFooters === true) await connection.run("set parquet_metadata_cache = true");
    await connection.run("set enable_external_access = false");
    await connection.run("set lock_configuration = true");
    return duck;
  }

  async connect(): Promise<Connection> {
    return new Connection(await this.#instance.connect());
  }

  [Symbol.dispose](): void {
    this.#instance.closeSync();
  }
}

/** One statement at a time; temporary tables are its own. */
export class Connection implements Disposable {
  readonly #connection: DuckDBConnection;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** Throws DuckDB's Error; on interruption too. */
  async run(sql: string, parameters: readonly Value[] = []): Promise<void> {
    await this.#connection.run(sql, [...parameters]);
  }

  async query(sql: string, parameters: readonly Value[] = []): Promise<Result> {
    const result = await this.#execute(sql, parameters);
    const columns = await result.getColumns();
    return {
      names: result.columnNames(),
      columns: columns.map((column) => column.map(toValue)),
      rowCount: columns[0]?.length ?? 0,
    };
  }

  /** Makes the table of a temporary name, or adds to it. Rows have a value for each column. */
  async createTable(name: string, columns: readonly { name: string; type: ColumnType }[]) {
    const list = columns.map((column) => `${identifier(column.name)} ${column.type}`).join(", ");
    await this.run(`create temporary table ${identifier(name)} (${list})`);
  }

  async append(
    table: string,
    columns: readonly { readonly type: ColumnType }[],
    rows: readonly (readonly Value[])[],
  ): Promise<void> {
    const appender = await this.appender(table, columns);
    for (let start = 0; start < rows.length; start += chunkRows) {
      const portion = rows.slice(start, start + chunkRows);
      appender.add(
        columns.map(({ type }, index) => portion.map((row) => toDuck(row[index] ?? null, type))),
      );
    }
    appender.close();
  }

  /** Adds to a temporary table, many rows at once. */
  async appender(
    table: string,
    columns: readonly { readonly type: ColumnType }[],
  ): Promise<ColumnAppender> {
    const types = columns.map(({ type }) => duckTypes[type]);
    return new ColumnAppender(await this.#connection.createAppender(table, null, "temp"), types);
  }

  /**
   * What a statement gives, portion by portion: for results that are too large to become values one
   * by one. DOUBLE alone; null is NaN.
   */
  async *numbers(
    sql: string,
    parameters: readonly Value[] = [],
  ): AsyncGenerator<readonly Float64Array[]> {
    const result = await this.#execute(sql, parameters);
    for (let chunk = await result.fetchChunk(); chunk !== null; chunk = await result.fetchChunk()) {
      const { columnCount, rowCount } = chunk;
      if (rowCount === 0) return;
      const vectors = Array.from({ length: columnCount }, (_, at) => chunk?.getColumnVector(at));
      yield vectors.flatMap((vector) => (vector === undefined ? [] : toNumbers(vector, rowCount)));
    }
  }

  /**
   * Runs a statement in this thread and those of DuckDB, a portion at a time. By `run` it would hold
   * one of libuv's four threads as long as it takes, and the whole process needs those: for files,
   * names and signatures.
   */
  async #execute(sql: string, parameters: readonly Value[]) {
    const pending = await this.#connection.start(sql, [...parameters]);
    let turnMs = performance.now();
    for (;;) {
      const state = pending.runTask();
      if (state === DuckDBPendingResultState.RESULT_READY) return pending.getResult();
      if (state === DuckDBPendingResultState.NO_TASKS_AVAILABLE) await setTimeout(1);
      else if (performance.now() - turnMs < turnMsMax) continue;
      else await setImmediate();
      turnMs = performance.now();
    }
  }

  /** Ends the statement that runs; it throws. */
  interrupt(): void {
    this.#connection.interrupt();
  }

  [Symbol.dispose](): void {
    this.#connection.closeSync();
  }
}

/** Rows are in the table when it was closed. */
export class ColumnAppender {
  readonly #appender: DuckDBAppender;
  readonly #types: readonly DuckDBType[];

  constructor(appender: DuckDBAppender, types: readonly DuckDBType[]) {
    this.#appender = appender;
    this.#types = types;
  }

  /** Values of each column, equally many, at most `chunkRows`; of a BIGINT column bigint. */
  add(columns: readonly (readonly DuckDBValue[])[]): void {
    const chunk = DuckDBDataChunk.create([...this.#types]);
    chunk.setColumns(columns);
    this.#appender.appendDataChunk(chunk);
  }

  close(): void {
    this.#appender.closeSync();
  }
}

/** After which others in the thread have their turn. */
const turnMsMax = 5;

/** DuckDB's own vector size: a chunk cannot hold more. */
export const chunkRows = 2_048;

const duckTypes = { VARCHAR, BIGINT, DOUBLE, BOOLEAN } as const;

/** A text in SQL: for the paths of our own files, which no statement takes as parameters. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function toDuck(value: Value, type: ColumnType): DuckDBValue {
  return type === "BIGINT" && typeof value === "number" ? BigInt(value) : value;
}

function toNumbers(
  vector: ReturnType<DuckDBDataChunk["getColumnVector"]>,
  rowCount: number,
): Float64Array {
  const numbers = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const value = vector.getItem(row);
    numbers[row] = typeof value === "number" ? value : Number.NaN;
  }
  return numbers;
}

/** Throws on what no query here may give: cast it in SQL. */
function toValue(value: DuckDBValue): Value {
  switch (typeof value) {
    case "bigint": {
      const number = Number(value);
      if (!Number.isSafeInteger(number)) throw new RangeError(`${value} fits no number`);
      return number;
    }
    case "string":
    case "number":
    case "boolean":
      return value;
    default:
      if (value === null) return null;
      throw new TypeError(`a query gave ${String(value)}, which is no text, number or flag`);
  }
}
