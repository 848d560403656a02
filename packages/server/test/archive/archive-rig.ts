import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type JetStreamClient, jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { backfillSubject, enrichedSubject } from "@novacore/protocol";
import type { ArchiveFolder } from "../../src/archive/folder.ts";
import { type ArchivePlace, openFolder } from "../../src/archive/open-folder.ts";
import type { Partition } from "../../src/archive/partition.ts";
import type { ArchiveEvent } from "../../src/archive/report.ts";
import { type Connection, Duck, literal } from "../../src/duck/database.ts";
import { openRegistry, type Registry } from "../../src/registry/database.ts";
import { ensureStreams } from "../../src/store/streams.ts";
import { atEnd } from "../nats/at-end.ts";
import { type RunningNats, runNats } from "../nats/running-nats.ts";
import type { RoundSettings } from "./archive-process.ts";
import { type Round, runRound } from "./round.ts";

/** What a reading is told apart by. */
export interface Published {
  readonly org: string;
  readonly der: string;
  readonly timestamp: number;
  readonly W: number;
}

export interface ArchivedRow extends Published {
  readonly kind: string;
  readonly sequence: number | null;
}

export const everything: Partition = { index: 0, count: 1 };

/** A nats-server with its streams, a registry and an empty archive. */
export class ArchiveRig {
  readonly nats: RunningNats;
  readonly registry: Registry;
  readonly place: ArchivePlace;
  readonly folder: ArchiveFolder;
  readonly duck: Connection;
  /** For statements beside those of `duck`. */
  readonly connectDuck: () => Promise<Connection>;
  /** Account HUB. */
  readonly hub: NatsConnection;
  readonly #js: JetStreamClient;
  readonly #databaseUrl: string | undefined;
  #received = 0;

  private constructor(parts: {
    nats: RunningNats;
    registry: Registry;
    place: ArchivePlace;
    duck: Connection;
    connectDuck: () => Promise<Connection>;
    hub: NatsConnection;
    databaseUrl: string | undefined;
  }) {
    this.nats = parts.nats;
    this.registry = parts.registry;
    this.place = parts.place;
    this.folder = openFolder(parts.place);
    this.duck = parts.duck;
    this.connectDuck = parts.connectDuck;
    this.hub = parts.hub;
    this.#js = jetstream(parts.hub);
    this.#databaseUrl = parts.databaseUrl;
  }

  /** In a folder, or in the bucket that is given. */
  static async open(
    t: TestContext,
    databaseUrl?: string,
    bucket?: ArchivePlace["bucket"],
  ): Promise<ArchiveRig | undefined> {
    const nats = await runNats(t);
    if (nats === undefined) return undefined;
    const hub = await nats.connect("HUB");
    await ensureStreams({ hub, dev: await nats.connect("DEV") });
    const registry = await openRegistry({ dataDir: nats.dataDir, databaseUrl });
    atEnd(t, () => registry.close());
    const root = mkdtempSync(join(tmpdir(), "novacore-archive-"));
    atEnd(t, () => rmSync(root, { recursive: true, force: true }));
    const duck = await Duck.open({
      ...{ memoryBytesMax: 512 * 1024 ** 2, threads: 1, tempBytesMax: 1024 ** 3 },
      ...{ folders: [root], tempDir: join(root, "temp") },
    });
    atEnd(t, () => duck[Symbol.dispose]());
    const connected = await duck.connect();
    atEnd(t, () => connected[Symbol.dispose]());
    const place = { root, bucket };
    const connectDuck = () => duck.connect();
    return new ArchiveRig({
      ...{ nats, registry, place, duck: connected, connectDuck, hub, databaseUrl },
    });
  }

  /** An organization that keeps its readings for so many days. */
  async newOrg(retentionDays: number | null = null): Promise<string> {
    const key = crypto.randomUUID().replaceAll("-", "").repeat(2);
    const owner = { type: "user", publicKeys: [key] } as const;
    const { id: ownerId } = (await this.registry.identities.register(owner)).identity;
    const { id } = await this.registry.organizations.create({ name: "Home", ownerId });
    await this.registry.organizations.setRetention(id, retentionDays);
    return id;
  }

  /** Stores readings in their order; gives the last sequence. */
  async publish(
    readings: readonly Published[],
    stream: "main" | "backfill" = "main",
  ): Promise<number> {
    let last = 0;
    for (const { org, der, timestamp, W } of readings) {
      const received_at = ++this.#received;
      const ids = { org_id: org, site_id: "sit-1", device_id: "dev-1", der_id: der };
      const reading = { type: "battery", timestamp, W, ...ids, der_name: "b", received_at };
      const address = { orgId: org, siteId: "sit-1", deviceId: "dev-1", derId: der };
      const subjectOf = stream === "main" ? enrichedSubject : backfillSubject;
      const { seq } = await this.#js.publish(subjectOf(address), JSON.stringify(reading));
      last = seq;
    }
    return last;
  }

  async publishRaw(subject: string, payload: string): Promise<void> {
    await this.#js.publish(subject, payload);
  }

  /** Resolves when a consumer of the stream has got all of it. */
  async followed(stream: string): Promise<void> {
    const { consumers } = await jetstreamManager(this.hub);
    for (;;) {
      for await (const { num_pending } of consumers.list(stream)) if (num_pending === 0) return;
      await setTimeout(20);
    }
  }

  /** Has the stream drop everything before a sequence, as its limits would. */
  async expireBefore(sequence: number): Promise<void> {
    const { streams } = await jetstreamManager(this.hub);
    const { config } = await streams.info("ENRICHED_TELEMETRY");
    const { messages } = (await streams.info("ENRICHED_TELEMETRY")).state;
    const max_msgs = messages - sequence + 1;
    await streams.update(config.name, { ...config, max_msgs });
    await streams.update(config.name, { ...config, max_msgs: -1 });
  }

  async recreateStream(): Promise<void> {
    const { streams } = await jetstreamManager(this.hub);
    await streams.delete("ENRICHED_TELEMETRY");
    await ensureStreams({ hub: this.hub, dev: await this.nats.connect("DEV") });
  }

  /** Archives what is in the streams. Gives what was told meanwhile. */
  async archive(options: Partial<Round> = {}): Promise<ArchiveEvent[]> {
    const events: ArchiveEvent[] = [];
    await runRound({
      ...{ connection: this.hub, registry: this.registry, place: this.place },
      ...{ duck: this.duck, partition: everything, aheadMs: 0, onStep: () => undefined },
      report: (event) => events.push(event),
      ...options,
    });
    return events;
  }

  /** The same in a process of its own. How many steps it took; undefined when it was killed. */
  async round(options: Partial<RoundSettings> = {}): Promise<number | undefined> {
    const { nats, place } = this;
    const settings: RoundSettings = {
      ...{ natsUrl: nats.nats.natsUrl, dataDir: nats.dataDir },
      ...{ databaseUrl: this.#databaseUrl, place, partition: everything },
      ...{ killAfter: undefined, aheadMs: 0, ...options },
    };
    const child = fork(program, [JSON.stringify(settings)], {
      stdio: ["ignore", 2, 2, "ipc"],
      execArgv: [],
      // It is started a hundred times.
      env: { ...process.env, NODE_COMPILE_CACHE: join(nats.dataDir, "compiled") },
    });
    let steps: number | undefined;
    child.on("message", (message: { steps: number }) => {
      steps = message.steps;
    });
    const [code, signal] = await once(child, "exit");
    if (settings.killAfter === undefined) assert.equal(code ?? signal, 0);
    assert.ok(code === 0 || signal === "SIGKILL", `it ended with ${code}`);
    return steps;
  }

  /** Every row in the files that the manifest knows, in the order of organization, DER and time. */
  async rows(...orgs: readonly string[]): Promise<ArchivedRow[]> {
    const rows: ArchivedRow[] = [];
    for (const org of orgs) {
      const files = await this.registry.manifest.files({ orgId: org, kinds: ["rows", "late"] });
      await this.folder.fetch(files);
      for (const { path, kind } of files) {
        const { columns, rowCount } = await this.duck.query(
          `select der_id, timestamp, W, sequence from
            read_parquet(${literal(this.folder.readable(path))})`,
        );
        for (let row = 0; row < rowCount; row++) {
          const [der, timestamp, W, sequence] = columns.map((column) => column[row] ?? null);
          const place = { sequence: sequence === null ? null : Number(sequence) };
          rows.push({
            ...{ org, kind, ...place, der: String(der) },
            ...{ timestamp: Number(timestamp), W: Number(W) },
          });
        }
      }
    }
    return rows.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  /** What lies in the folder and is no part of the archive. */
  async leftovers(...orgs: readonly string[]): Promise<string[]> {
    const known = new Set<string>();
    for (const orgId of orgs) {
      const kinds = ["rows", "late", "cells"] as const;
      for (const { path } of await this.registry.manifest.files({ orgId, kinds })) known.add(path);
    }
    const found = await this.folder.list();
    assert.deepEqual(
      [...known].filter((path) => !found.includes(path)),
      [],
      "files of the manifest that are not there",
    );
    return found.filter((path) => !known.has(path));
  }
}

const program = new URL("./archive-process.ts", import.meta.url);

export const keyOf = ({ org, der, timestamp }: Published) => `${org} ${der} ${timestamp}`;

/** Each reading once, as the archive has to have them: of those published twice the first. */
export function distinct(readings: readonly Published[]): Published[] {
  const found = new Map<string, Published>();
  for (const reading of readings) {
    if (!found.has(keyOf(reading))) found.set(keyOf(reading), reading);
  }
  return [...found.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

export const plain = ({ org, der, timestamp, W }: Published): Published => ({
  ...{ org, der, timestamp, W },
});
