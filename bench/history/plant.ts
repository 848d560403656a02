import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { columns } from "../../packages/server/src/archive/columns.ts";
import { newFilePath } from "../../packages/server/src/archive/file-names.ts";
import { parquetOptions } from "../../packages/server/src/archive/parquet.ts";
import {
  type Connection,
  Duck,
  identifier,
  literal,
} from "../../packages/server/src/duck/database.ts";
import { cellsSql } from "../../packages/server/src/history/cells.ts";
import { openRegistry } from "../../packages/server/src/registry/database.ts";
import type { ArchiveFile } from "../../packages/server/src/registry/manifest.ts";

export interface PlantedDer {
  readonly siteId: string;
  readonly derId: string;
  readonly type: string;
}

export interface Planting {
  readonly dataDir: string;
  readonly orgId: string;
  readonly ders: readonly PlantedDer[];
  /** Midnight, UTC. */
  readonly fromMs: number;
  readonly days: number;
}

export const dayMs = 86_400_000;

/** What a DER of a home reports, by its type; counters grow, powers swing and jitter. */
const members: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  meter: {
    ...{
      W: "round(2500 * sin(s / 7000.0 + k) + 300 * random(), 1)",
      Hz: "round(49.98 + random() / 25, 2)",
    },
    ...{ L1_V: volts(), L2_V: volts(), L3_V: volts() },
    ...{ L1_A: amperes(), L2_A: amperes(), L3_A: amperes() },
    ...{ total_import_Wh: "1e6 + floor(t / 3.0)", total_export_Wh: "2e5 + floor(t / 9.0)" },
  },
  pv: {
    ...{
      W: "-round(3000 * greatest(0, sin(s / 13750.0)) + 50 * random(), 1)",
      V: volts(),
      A: amperes(),
    },
    ...{ mppt1_V: volts(), mppt1_A: amperes(), total_generation_Wh: "3e6 + floor(t / 4.0)" },
  },
  battery: {
    ...{ W: "round(1500 * sin(s / 9000.0 + k) + 20 * random(), 1)", V: volts(), A: amperes() },
    ...{
      SoC_nom_fract: "round(0.5 + 0.4 * sin(s / 9000.0), 3)",
      temperature_C: "round(25 + random(), 1)",
    },
    ...{ total_charge_Wh: "4e5 + floor(t / 8.0)", total_discharge_Wh: "3e5 + floor(t / 9.0)" },
  },
  ev_charger: {
    ...{ W: "round(greatest(0, 7000 * sin(s / 20000.0 + k)), 0)", A: amperes(), V: volts() },
    ...{ status: "'charging'", total_charge_Wh: "8e5 + floor(t / 5.0)" },
  },
};

function volts(): string {
  return "round(229 + 3 * random(), 1)";
}

function amperes(): string {
  return "round(16 * random(), 2)";
}

/** Fills the archive as the compactor leaves it: of each day one file, and its cells. */
export async function plantArchive(planting: Planting): Promise<{ readonly rows: number }> {
  const { dataDir, orgId, ders, days } = planting;
  const folder = join(dataDir, "archive");
  using duck = await Duck.open({
    ...{ memoryBytesMax: 2 * 1024 ** 3, folders: [dataDir] },
    ...{ tempDir: join(dataDir, "plant-temp"), tempBytesMax: 32 * 1024 ** 3 },
  });
  using connection = await duck.connect();
  const registry = await openRegistry({ databaseUrl: undefined, dataDir });
  try {
    for (let day = 0; day < days; day++) {
      const added = await plantDay(connection, folder, planting, day);
      await registry.manifest.commit({ added, removed: [], positions: [] });
      process.stderr.write(`\r${day + 1} of ${days} days of ${orgId} `);
    }
  } finally {
    await registry.close();
    process.stderr.write("\n");
  }
  return { rows: (days * ders.length * dayMs) / 1_000 };
}

async function plantDay(
  connection: Connection,
  folder: string,
  { orgId, ders, fromMs }: Planting,
  day: number,
): Promise<readonly ArchiveFile[]> {
  const date = new Date(fromMs + day * dayMs).toISOString().slice(0, 10);
  const common = {
    ...{ orgId, day: date, level: 2, sequences: undefined },
    ...{ timestampFirst: fromMs + day * dayMs, timestampLast: fromMs + (day + 1) * dayMs - 1 },
    ...{ derFirst: ders[0]?.derId ?? "", derLast: ders.at(-1)?.derId ?? "" },
  };
  const select = ders.map((der, index) => derSql(der, index, fromMs + day * dayMs, day));
  const path = newFilePath({ orgId, day: date, what: "rows" });
  const cells = newFilePath({ orgId, day: date, what: "cells" });
  const target = join(folder, path);
  for (const each of [path, cells]) {
    mkdirSync(dirname(join(folder, each)), { recursive: true, mode: 0o700 });
  }
  await connection.run(
    `copy (${select.join(" union all ")} order by der_id, timestamp) to ${literal(target)} (${parquetOptions})`,
  );
  const ofRows = cellsSql(`read_parquet(${literal(target)})`);
  await connection.run(`copy (${ofRows}) to ${literal(join(folder, cells))} (${parquetOptions})`);
  const bytesOf = (each: string) => statSync(join(folder, each)).size;
  return [
    { ...common, path, kind: "rows", rows: ders.length * 86_400, bytes: bytesOf(path) },
    { ...common, path: cells, kind: "cells", rows: ders.length * 96, bytes: bytesOf(cells) },
  ];
}

function derSql({ siteId, derId, type }: PlantedDer, k: number, startMs: number, day: number) {
  const values: Record<string, string> = {
    ...{ der_id: literal(derId), site_id: literal(siteId), device_id: literal(`dev-of-${derId}`) },
    ...{ der_name: "'main'", type: literal(type), make: "'Acme'", epoch: "1790000000000" },
    ...{ timestamp: `${startMs} + s * 1000 + ${k}`, received_at: `${startMs} + s * 1000 + 180` },
    ...{ sequence: `(${day} * 86400 + s) * 16 + ${k}`, read_time_ms: "floor(40 + 60 * random())" },
    ...members[type],
  };
  const list = columns.map(({ name, type: sqlType }) => {
    const value = values[name] ?? "null";
    return `(${value})::${sqlType} as ${identifier(name)}`;
  });
  return `select ${list.join(", ")} from (select range as s, ${k} as k, ${day} * 86400 + range as t from range(86400))`;
}
