import { chmodSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { Duck, identifier, literal } from "../../packages/server/src/duck/database.ts";
import {
  findPostgres,
  type PostgresCluster,
  startPostgres,
} from "../../packages/server/test/registry/postgres.ts";

/** The same readings in one table of PostgreSQL with an index, as anybody would begin. */
export class PlainPostgres implements AsyncDisposable {
  readonly #cluster: PostgresCluster;
  readonly #client: Client;

  private constructor(cluster: PostgresCluster, client: Client) {
    this.#cluster = cluster;
    this.#client = client;
  }

  /** Undefined: PostgreSQL is not installed. */
  static async load(dataDir: string, folder: string): Promise<PlainPostgres | undefined> {
    const bin = findPostgres();
    if (bin === undefined) return undefined;
    const cluster = await startPostgres(bin, "bench");
    const client = new Client({ connectionString: await cluster.createDatabase() });
    await client.connect();
    const postgres = new PlainPostgres(cluster, client);
    await postgres.#fill(dataDir, folder);
    return postgres;
  }

  async #fill(dataDir: string, folder: string): Promise<void> {
    // PostgreSQL reads them itself, and is somebody else.
    chmodSync(dataDir, 0o755);
    using duck = await Duck.open({
      ...{ memoryBytesMax: 1024 ** 3, folders: [dataDir] },
      ...{ tempDir: join(dataDir, "export-temp"), tempBytesMax: 1024 ** 3 },
    });
    using connection = await duck.connect();
    const { columns: found } = await connection.query(
      `select path_in_schema, any_value(type) from parquet_metadata(${literal(`${folder}/org=*/date=*/*.parquet`)})
        group by 1 having bool_or(stats_null_count < num_values) order by min(column_id)`,
    );
    const [names = [], types = []] = found;
    const columns = names.map((name, at) => ({
      name: String(name),
      type: pgTypes[String(types[at])] ?? "text",
    }));
    const list = columns.map(({ name }) => identifier(name)).join(", ");
    const table = columns.map(({ name, type }) => `${identifier(name)} ${type}`).join(", ");
    await this.#client.query(`create table readings (${table})`);
    const { columns: paths } = await connection.query(
      `select file from glob(${literal(`${folder}/org=*/date=*/*.parquet`)}) order by file`,
    );
    const csv = join(dataDir, "day.csv");
    for (const [index, path] of (paths[0] ?? []).entries()) {
      const source = `read_parquet(${literal(String(path))})`;
      await connection.run(
        // As readings come: by time, those of all DERs mixed.
        `copy (select ${list} from ${source} order by timestamp) to ${literal(csv)} (header false)`,
      );
      chmodSync(csv, 0o644);
      await this.#client.query(`copy readings from ${literal(csv)} with (format csv)`);
      process.stderr.write(`\r${index + 1} of ${paths[0]?.length} days in PostgreSQL `);
    }
    await rm(csv, { force: true });
    process.stderr.write("index … ");
    await this.#client.query("create unique index on readings (der_id, timestamp)");
    await this.#client.query("vacuum analyze readings");
    process.stderr.write("\n");
  }

  async bytes(): Promise<number> {
    const sql = "select pg_total_relation_size('readings') as bytes";
    return Number((await this.#client.query(sql)).rows[0].bytes);
  }

  /** Means of a DER by quarters of an hour. */
  async chart(derId: string, fromMs: number, toMs: number): Promise<number> {
    const { rowCount } = await this.#client.query(
      `select timestamp / 900000 * 900000 as quarter, count(*), avg("W") from readings
        where der_id = $1 and timestamp >= $2 and timestamp < $3 group by 1 order by 1`,
      [derId, fromMs, toMs],
    );
    return rowCount ?? 0;
  }

  /** What the counters of some DERs grew by, each day: less than the hub works out, and simpler. */
  async energy(derIds: readonly string[], fromMs: number, toMs: number): Promise<number> {
    const counters = ["import", "export", "charge", "discharge", "generation"];
    const list = counters.map((name) => `max("total_${name}_Wh") - min("total_${name}_Wh")`);
    const { rowCount } = await this.#client.query(
      `select der_id, (to_timestamp(timestamp / 1000.0) at time zone 'Europe/Stockholm')::date as day,
          ${list.join(", ")} from readings
        where der_id = any($1) and timestamp >= $2 and timestamp < $3 group by 1, 2`,
      [derIds, fromMs, toMs],
    );
    return rowCount ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
    await this.#cluster[Symbol.asyncDispose]();
  }
}

const pgTypes: Readonly<Record<string, string>> = {
  INT64: "bigint",
  DOUBLE: "double precision",
  BYTE_ARRAY: "text",
  BOOLEAN: "boolean",
};
