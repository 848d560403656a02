import { join } from "node:path";
import { type Connection, Duck, literal } from "../../packages/server/src/duck/database.ts";

/** DuckDB alone over the same files, in this process: what is left to gain, and how fast the machine is. */
export class BareDuckDb implements Disposable {
  readonly #duck: Duck;
  readonly #connection: Connection;
  readonly #folder: string;

  private constructor(duck: Duck, connection: Connection, folder: string) {
    this.#duck = duck;
    this.#connection = connection;
    this.#folder = folder;
  }

  static async open(dataDir: string, folder: string): Promise<BareDuckDb> {
    const duck = await Duck.open({
      ...{ memoryBytesMax: 1024 ** 3, folders: [dataDir] },
      ...{ tempDir: join(dataDir, "bare-temp"), tempBytesMax: 1024 ** 3 },
    });
    return new BareDuckDb(duck, await duck.connect(), folder);
  }

  /** Means of a DER by quarters of an hour, of files that are named. */
  async chart(derId: string, days: readonly string[]): Promise<number> {
    const files = days.map((day) => literal(`${this.#folder}/org=*/date=${day}/rows-*.parquet`));
    const { rowCount } = await this.#connection.query(
      `select timestamp // 900000 * 900000 as quarter, count(*), avg("W")
        from read_parquet([${files.join(", ")}])
        where der_id = ${literal(derId)} group by 1 order by 1`,
    );
    return rowCount;
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
    this.#duck[Symbol.dispose]();
  }
}
