import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { type EnrichedAddress, enrichedSubject } from "@novacore/protocol";
import { columns, toRow } from "../../src/archive/columns.ts";
import { StreamReader } from "../../src/deliver/stream-reader.ts";
import { Duck, identifier, literal } from "../../src/duck/database.ts";
import { DuckThread, type DuckThreadOptions } from "../../src/history/duck-thread.ts";
import type { Format } from "../../src/history/formats/format.ts";
import type { RangeJob, ReadingsFilter } from "../../src/history/range-job.ts";
import { type FoundSource, ReadingsSources } from "../../src/history/range-source.ts";
import { openRegistry, type Registry } from "../../src/registry/database.ts";
import type { ArchiveFile } from "../../src/registry/manifest.ts";
import { hubStreams } from "../../src/store/stream-configs.ts";
import { TestNats } from "../deliver/stream-hub.ts";

const enriched = "ENRICHED_TELEMETRY";
export const backfill = "BACKFILL_TELEMETRY";

export interface TestReading {
  readonly der_id: string;
  readonly timestamp: number;
  readonly [member: string]: unknown;
}

/** A reading in the stream. */
export interface Stored {
  readonly reading: TestReading;
  readonly address: EnrichedAddress;
  readonly sequence: number;
}

/** Streams on a real nats-server, a manifest, and files that the test writes as the archive would. */
export class HistoryStore {
  readonly folder: string;
  readonly registry: Registry;
  readonly sources: ReadingsSources;
  readonly connection: NatsConnection;
  readonly #dataDir: string;
  readonly #duck: Duck;
  #files = 0;
  #epoch: number | undefined;

  private constructor(dataDir: string, registry: Registry, connection: NatsConnection, duck: Duck) {
    this.#dataDir = dataDir;
    this.folder = join(dataDir, "archive");
    this.registry = registry;
    this.connection = connection;
    this.#duck = duck;
    this.sources = new ReadingsSources({
      archive: {
        folder: this.folder,
        snapshot: (query) => registry.manifest.snapshot(query, () => true),
      },
      enriched: { name: enriched, source: new StreamReader(connection, enriched) },
      backfill: { name: backfill, source: new StreamReader(connection, backfill) },
      now: Date.now,
    });
  }

  static async start(t: TestContext): Promise<HistoryStore> {
    const nats = await TestNats.start();
    const dataDir = await mkdtemp(join(tmpdir(), "novacore-history-"));
    const registry = await openRegistry({ databaseUrl: undefined, dataDir });
    const connection = await connect({ port: nats.port });
    const manager = await jetstreamManager(connection);
    for (const settings of hubStreams(1)) {
      if (![enriched, backfill].includes(settings.name)) continue;
      await manager.streams.add({ ...settings, max_bytes: -1, deny_purge: false });
    }
    await mkdir(join(dataDir, "archive"), { recursive: true });
    const duck = await Duck.open({
      ...{ memoryBytesMax: 256 * 1024 ** 2, threads: 1, folders: [join(dataDir, "archive")] },
      ...{ tempDir: join(dataDir, "archive", "temp"), tempBytesMax: 1024 ** 3 },
    });
    t.after(async () => {
      duck[Symbol.dispose]();
      await connection.close();
      await nats.stop();
      await registry.close();
      await rm(dataDir, { recursive: true, force: true });
    });
    return new HistoryStore(dataDir, registry, connection, duck);
  }

  thread(t: TestContext, options: Partial<DuckThreadOptions> = {}): DuckThread {
    const tempDir = join(this.#dataDir, "temp");
    const thread = new DuckThread({
      duck: {
        ...{ memoryBytesMax: 256 * 1024 ** 2, threads: 1, folders: [this.folder, tempDir] },
        ...{ tempDir, tempBytesMax: 1024 ** 3, keepsFooters: true },
      },
      log: { error: (object, message) => console.error(message, object) },
      ...options,
    });
    t.after(() => thread.close());
    return thread;
  }

  /** Stores a reading as ingest does. */
  async publish(members: TestReading, place: Partial<EnrichedAddress> = {}): Promise<Stored> {
    const address = placeOf(members, place);
    const reading = complete(members, address);
    const payload = JSON.stringify(reading);
    const ack = await jetstream(this.connection).publish(enrichedSubject(address), payload);
    return { reading, address, sequence: ack.seq };
  }

  /** Stores a reading that is too old for the stream. */
  async publishOld(members: TestReading): Promise<Stored> {
    const address = placeOf(members);
    const reading = complete(members, address);
    const subject = `backfill.${enrichedSubject(address)}`;
    const ack = await jetstream(this.connection).publish(subject, JSON.stringify(reading));
    return { reading, address, sequence: ack.seq };
  }

  /** Puts readings into files, one a day, and says that the stream is archived up to `position`. */
  async archive(
    stored: readonly Stored[],
    { kind = "rows", position, stream = enriched }: ArchiveWish = {},
  ): Promise<void> {
    const epoch = await this.epoch(stream);
    const added: ArchiveFile[] = [];
    for (const [day, ofDay] of Map.groupBy(stored, ({ reading }) => dayOf(reading.timestamp))) {
      added.push(await this.#write(day, ofDay, { kind, epoch, isOld: stream === backfill }));
    }
    const newest = stored.reduce((most, each) => Math.max(most, each.sequence), 0);
    const sequence = position ?? newest;
    const positions = [{ stream, part: 0, epoch, sequence }];
    await this.registry.manifest.commit({ added, removed: [], positions });
  }

  async epoch(stream = enriched): Promise<number> {
    const { epoch } = await new StreamReader(this.connection, stream).bounds();
    if (stream === enriched) this.#epoch ??= epoch;
    return epoch;
  }

  async purge(stream: string, before: number): Promise<void> {
    const manager = await jetstreamManager(this.connection);
    await manager.streams.purge(stream, { seq: before });
  }

  /** What one query gives, as rows of its JSON. */
  async query(
    thread: DuckThread,
    filter: Partial<ReadingsFilter>,
    output: RangeJob["output"],
    format: Format = "json",
  ) {
    const found = await this.find(filter);
    const job = { orgId: "org-1", source: found.source, output, format, head: {} };
    const result = await thread.range(job);
    const text = format === "json" ? Buffer.from(result.body).toString() : '{"data":[]}';
    const { data }: { data: Record<string, unknown>[] } = JSON.parse(text);
    return { ...result, data, found };
  }

  find(filter: Partial<ReadingsFilter> = {}): Promise<FoundSource> {
    const whole = { fromMs: 0, toMs: Date.UTC(2100, 0), ...filter };
    return this.sources.find({ orgId: "org-1", filter: whole });
  }

  async #write(
    day: string,
    stored: readonly Stored[],
    { kind, epoch, isOld }: { kind: "rows" | "late"; epoch: number; isOld: boolean },
  ): Promise<ArchiveFile> {
    using connection = await this.#duck.connect();
    const rows = stored.map(({ reading, address, sequence }) =>
      toRow(Buffer.from(JSON.stringify(reading)), address, isOld ? undefined : { epoch, sequence }),
    );
    await connection.createTable("batch", columns);
    await connection.append("batch", columns, rows);
    const path = `org=org-1/date=${day}/${kind}-${++this.#files}.parquet`;
    const target = join(this.folder, path);
    await mkdir(join(target, ".."), { recursive: true });
    const list = columns.map(({ name }) => identifier(name)).join(", ");
    await connection.run(
      `copy (select ${list} from batch order by der_id, timestamp, sequence)
        to ${literal(target)} (format parquet, compression zstd)`,
    );
    const times = stored.map(({ reading }) => reading.timestamp);
    const ders = stored.map(({ reading }) => reading.der_id).sort();
    return {
      ...{ path, orgId: "org-1", day, kind, level: 0 },
      sequences: undefined,
      ...{ rows: stored.length, bytes: (await stat(target)).size },
      ...{ timestampFirst: Math.min(...times), timestampLast: Math.max(...times) },
      ...{ derFirst: ders[0] ?? "", derLast: ders.at(-1) ?? "" },
    };
  }
}

export interface ArchiveWish {
  readonly kind?: "rows" | "late";
  /** Default: the newest of them. */
  readonly position?: number;
  readonly stream?: string;
}

function dayOf(timestampMs: number): string {
  return new Date(timestampMs).toISOString().slice(0, 10);
}

function placeOf({ der_id: derId }: TestReading, place: Partial<EnrichedAddress> = {}) {
  return { orgId: "org-1", siteId: "sit-1", deviceId: "dev-1", derId, ...place };
}

function complete(members: TestReading, { orgId, siteId, deviceId }: EnrichedAddress): TestReading {
  const origin = { org_id: orgId, site_id: siteId, device_id: deviceId, der_name: "main" };
  return { type: "meter", received_at: members.timestamp + 200, ...members, ...origin };
}
