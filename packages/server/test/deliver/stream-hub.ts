// layout: one fixture, used whole by each test
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { TypeBoxValidatorCompiler } from "@fastify/type-provider-typebox";
import { type JetStreamClient, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { enrichedSubject, NovacoreError } from "@novacore/protocol";
import fastify, { type FastifyInstance } from "fastify";
import { takePort } from "../../../../test/support/ports.ts";
import type { Archive } from "../../src/deliver/archive.ts";
import { createDelivery, type Delivery } from "../../src/deliver/delivery.ts";
import { OpenConnections } from "../../src/deliver/open-connections.ts";
import { sseRoutes } from "../../src/deliver/sse.ts";
import { createWebSocketDoor, webSocketRoutes } from "../../src/deliver/websocket.ts";
import { findNatsServer } from "../../src/nats/binary.ts";
import { registerErrorHandler } from "../../src/rest/errors.ts";
import { hubStreams } from "../../src/store/stream-configs.ts";
import { TestAccess } from "./test-access.ts";

/** A nats-server with ENRICHED_TELEMETRY, which tests may kill and start again. */
export class TestNats {
  readonly port: number;
  readonly #folder: string;
  readonly #binary: string;
  #child: ChildProcess | undefined;

  constructor(port: number, folder: string, binary: string) {
    this.port = port;
    this.#folder = folder;
    this.#binary = binary;
  }

  static async start(): Promise<TestNats> {
    const folder = await mkdtemp(join(tmpdir(), "novacore-deliver-"));
    const explicit = process.env.NOVACORE_NATS_SERVER;
    const binary = await findNatsServer({ dataDir: folder, explicit });
    const nats = new TestNats(await takePort(), folder, binary);
    await nats.run();
    return nats;
  }

  async run(): Promise<void> {
    const config = join(this.#folder, "nats.conf");
    await writeFile(
      config,
      `host: 127.0.0.1\nport: ${this.port}\njetstream { store_dir: "${this.#folder}/js" }\n`,
    );
    this.#child = spawn(this.#binary, ["-c", config], { stdio: "ignore" });
    await until(async () => {
      const probe = await connect({ port: this.port, reconnect: false }).catch(() => undefined);
      await probe?.close();
      return probe !== undefined;
    }, "nats-server listens");
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export interface StreamHubOptions {
  readonly heartbeatMs?: number;
  readonly drainMs?: number;
  readonly deflate?: boolean;
  readonly now?: () => number;
  /** What the stream does not hold any more; made once the stream is there. */
  readonly archive?: (connection: NatsConnection) => Archive;
  /** Live messages that get lost on their way to the hub, though they are stored. */
  readonly loses?: (message: Msg) => boolean;
}

/** The delivery half of a hub on a real nats-server, with organizations and sites made up. */
export class StreamHub {
  readonly nats: TestNats;
  readonly app: FastifyInstance;
  readonly delivery: Delivery;
  readonly access: TestAccess;
  readonly open: OpenConnections;
  /** WebSockets: how many have not said who they are. */
  readonly door: { readonly strangers: number };
  readonly counts: Record<string, number>;
  readonly #connections: readonly NatsConnection[];
  readonly #publisher: NatsConnection;
  readonly #js: JetStreamClient;

  private constructor(parts: {
    nats: TestNats;
    app: FastifyInstance;
    delivery: Delivery;
    access: TestAccess;
    open: OpenConnections;
    door: { readonly strangers: number };
    counts: Record<string, number>;
    connections: readonly NatsConnection[];
    publisher: NatsConnection;
  }) {
    this.nats = parts.nats;
    this.app = parts.app;
    this.delivery = parts.delivery;
    this.access = parts.access;
    this.open = parts.open;
    this.door = parts.door;
    this.counts = parts.counts;
    this.#connections = parts.connections;
    this.#publisher = parts.publisher;
    this.#js = jetstream(parts.publisher);
  }

  static async start(t: TestContext, options: StreamHubOptions = {}): Promise<StreamHub> {
    const nats = await TestNats.start();
    const open = () =>
      connect({
        port: nats.port,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 50,
        reconnectJitter: 20,
      });
    const [connection, readConnection, publisher] = await Promise.all([open(), open(), open()]);
    await createStream(publisher);
    const counts: Record<string, number> = {};
    const access = new TestAccess();
    const { now } = options;
    const delivery = await createDelivery({
      connection: options.loses ? losing(connection, options.loses) : connection,
      readConnection,
      log: silent,
      metrics: countingMetrics(counts),
      archive: options.archive?.(publisher),
      ...(now && { now }),
    });
    const app = fastify().setValidatorCompiler(TypeBoxValidatorCompiler);
    registerErrorHandler(app);
    const { heartbeatMs, drainMs = 50, deflate = false } = options;
    const openConnections = new OpenConnections({ delivery, access, log: silent, drainMs });
    app.addHook("preClose", () => openConnections.drain());
    const transport = {
      ...{
        delivery,
        access,
        connections: openConnections,
        log: silent,
        metrics: countingMetrics(counts),
      },
      ...(heartbeatMs && { heartbeatMs }),
    };
    await app.register(sseRoutes, transport);
    const door = createWebSocketDoor({
      ...{ ...transport, deflate },
      addressOf: ({ socket }) => socket.remoteAddress ?? "",
      readingsIn: { publish: () => Promise.reject(new NovacoreError("forbidden")) },
    });
    await app.register(webSocketRoutes, door);
    await app.listen({ port: 0, host: "127.0.0.1" });
    const connections = [connection, readConnection, publisher];
    const hub = new StreamHub({
      ...{ nats, app, delivery, access, counts, connections, publisher },
      ...{ door, open: openConnections },
    });
    t.after(() => hub.stop());
    return hub;
  }

  get port(): number {
    const address = this.app.server.address();
    if (address === null || typeof address === "string") throw new Error("the hub does not listen");
    return address.port;
  }

  /** Stores a reading, as ingest does; gives its sequence. */
  async publish(
    place: { org?: string; site: string; device?: string; der?: string },
    members: { type?: string; timestamp?: number } & Record<string, unknown> = {},
  ): Promise<number> {
    const { org = "org-1", site, device = "dev-1", der = "der-1" } = place;
    const { type = "pv", timestamp = Date.now(), ...rest } = members;
    const address = { orgId: org, siteId: site, deviceId: device, derId: der };
    const ids = { org_id: org, site_id: site, device_id: device, der_id: der, der_name: der };
    const reading = { type, timestamp, ...rest, ...ids, received_at: this.delivery.now() };
    const payload = JSON.stringify(reading);
    const ack = await this.#js.publish(enrichedSubject(address), payload, { timeout: 1_000 });
    return ack.seq;
  }

  /** Publishes raw bytes where a reading belongs. */
  async publishRaw(site: string, payload: string): Promise<void> {
    const address = { orgId: "org-1", siteId: site, deviceId: "dev-1", derId: "der-1" };
    await this.#js.publish(enrichedSubject(address), payload);
  }

  /** Sockets that are open at the hub's port. */
  socketCount(): Promise<number> {
    return new Promise((resolve) => {
      this.app.server.getConnections((_error, count) => resolve(count));
    });
  }

  /** Tells that grants have changed; resolves when all streams have been checked against them. */
  async grantsChanged(): Promise<void> {
    this.access.grantsChanged();
    await this.open.recheck();
  }

  async recreateStream(): Promise<void> {
    const manager = await jetstreamManager(this.#publisher);
    await manager.streams.delete("ENRICHED_TELEMETRY");
    await createStream(this.#publisher);
  }

  /** Expires everything before a sequence. */
  async expireBefore(sequence: number): Promise<void> {
    const manager = await jetstreamManager(this.#publisher);
    await manager.streams.purge("ENRICHED_TELEMETRY", { seq: sequence });
  }

  async stop(): Promise<void> {
    await this.app.close();
    this.delivery.stop();
    await Promise.all(this.#connections.map((connection) => connection.close()));
    await this.nats.stop();
  }
}

/** A connection whose subscriptions never see some messages. */
function losing(connection: NatsConnection, loses: (message: Msg) => boolean): NatsConnection {
  return new Proxy(connection, {
    get(target, name) {
      if (name !== "subscribe") {
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      }
      const subscribe: NatsConnection["subscribe"] = (subject, options = {}) =>
        target.subscribe(subject, {
          ...options,
          callback: (error, message) => {
            if (error !== null || !loses(message)) options.callback?.(error, message);
          },
        });
      return subscribe;
    },
  });
}

async function createStream(connection: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(connection);
  const settings = hubStreams(1).find(({ name }) => name === "ENRICHED_TELEMETRY");
  if (settings === undefined) throw new Error("ENRICHED_TELEMETRY is not among the hub's streams");
  // The tests expire and recreate it.
  await manager.streams.add({ ...settings, max_bytes: -1, deny_delete: false, deny_purge: false });
}

const silent = { warn: () => undefined, error: () => undefined };

function countingMetrics(counts: Record<string, number>) {
  const counter = (name: string) => ({
    inc: (count = 1) => {
      counts[name] = (counts[name] ?? 0) + count;
    },
    dec: () => {
      counts[name] = (counts[name] ?? 0) - 1;
    },
    set: (count: number) => {
      counts[name] = count;
    },
    observe: () => {
      counts[name] = (counts[name] ?? 0) + 1;
    },
  });
  return {
    conflated: counter("conflated"),
    gapsRepaired: counter("gapsRepaired"),
    replays: counter("replays"),
    latency: counter("latency"),
    listeners: counter("listeners"),
    slowClosed: counter("slowClosed"),
    delivered: counter("delivered"),
  };
}

/** Waits until a condition holds; fails after ten seconds with what it waited for. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ten seconds in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
