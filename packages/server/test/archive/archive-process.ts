/**
 * The archive's work of one round, in a process that can end itself as `kill -9` would, at a step.
 * Tells its parent how many steps there were when it comes to the end.
 */
import { join } from "node:path";
import { inspect } from "node:util";
import type { ArchivePlace } from "../../src/archive/open-folder.ts";
import type { Partition } from "../../src/archive/partition.ts";
import { Duck } from "../../src/duck/database.ts";
import { connectHub } from "../../src/nats/connection.ts";
import { loadHubKeys } from "../../src/nats/hub-keys.ts";
import { openRegistry } from "../../src/registry/database.ts";
import { runRound } from "./round.ts";

export interface RoundSettings {
  readonly natsUrl: string;
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly place: ArchivePlace;
  readonly partition: Partition;
  readonly aheadMs: number;
  /** After so many steps it ends; undefined: it does not. */
  readonly killAfter: number | undefined;
}

const settings: RoundSettings = JSON.parse(process.argv[2] ?? "{}");
const { dataDir, databaseUrl, natsUrl, place, partition, aheadMs } = settings;
const registry = await openRegistry({ dataDir, databaseUrl });
const connection = await connectHub({ natsUrl, keys: loadHubKeys(dataDir) }, "HUB", "test");
const duck = await Duck.open({
  ...{ memoryBytesMax: 512 * 1024 ** 2, threads: 1, tempBytesMax: 1024 ** 3 },
  ...{ folders: [place.root], tempDir: join(place.root, "temp") },
});
let steps = 0;
await runRound({
  ...{ connection, registry, place, partition, aheadMs, duck: await duck.connect() },
  onStep() {
    steps++;
    if (steps === settings.killAfter) process.kill(process.pid, "SIGKILL");
  },
  report(event) {
    if (event.kind !== "log" || event.level === "info") return;
    process.stderr.write(`${event.sentence} ${inspect(event.fields)}\n`);
    process.exit(1);
  },
});
await connection.close();
await registry.close();
process.send?.({ steps });
process.disconnect?.();
