import type { TestContext } from "node:test";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { EnrichedReading } from "@novacore/protocol";
import { type Ingest, startIngest } from "../../src/ingest/ingest.ts";
import type { GatewayTree } from "../../src/ingest/resolve-target.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { atEnd } from "../nats/at-end.ts";
import { type RunningNats, runNats, silent } from "../nats/running-nats.ts";

/** How a test waits: looked at again with each stored or refused reading. */
interface Conditions {
  until<T>(what: string, found: () => T | undefined | false): Promise<T>;
  changed(): void;
}

export interface IngestBench {
  readonly nats: RunningNats;
  readonly store: Store;
  readonly ingest: Ingest;
  /** What live listeners got, in order. */
  readonly stored: readonly EnrichedReading[];
  /** Devices that were marked active. */
  readonly activated: readonly string[];
  readonly until: Conditions["until"];
  /** How many readings of the gateway stand as refused, by code. */
  refused(serial: string): Promise<string[]>;
  /** Resolves when every raw message is acknowledged, redelivered ones included. */
  settled(): Promise<void>;
  /** Adds a DER to the gateway `gw-1`, as provisioning does. */
  provision(name: string): void;
  /** Ends the hub's part and starts it again; nats-server and what it holds stay. */
  restart(): Promise<void>;
}

/** The gateway `gw-1` with a meter `m` and a battery; everything else of the registry is empty. */
export async function runIngest(
  t: TestContext,
  conditions: Conditions,
): Promise<IngestBench | undefined> {
  const nats = await runNats(t);
  if (nats === undefined) return undefined;
  const hub = await nats.connect("HUB");
  const dev = await nats.connect("DEV");
  const names = ["m"];
  const activated: string[] = [];
  const listeners = new Set<(change: { kind: string; id: string }) => void>();
  const registry = {
    gateways: { tree: async (serial: string) => (serial === "gw-1" ? tree(names) : undefined) },
    devices: {
      activate: async (deviceId: string) => {
        activated.push(deviceId);
        conditions.changed();
      },
    },
    changes: {
      subscribe(listener: (change: { kind: string; id: string }) => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  };
  const stored = await listen(hub, conditions.changed);
  const metrics = {
    readingsReceived: { inc: () => undefined },
    readingsStored: { inc: () => undefined },
    readingsArchiveOnly: { inc: () => undefined },
    readingsDuplicate: { inc: () => setImmediate(conditions.changed) },
    readingsRejected: { inc: () => setImmediate(conditions.changed) },
    rejectionsLost: { inc: () => undefined },
    streamLag: { set: () => undefined },
    gatewayLateness: { reset: () => undefined, set: () => undefined },
    readingLateness: { observe: () => undefined, remove: () => undefined },
  };
  const open = async () => {
    const store = await openStore({ hub, dev, sys: await nats.connect("SYS"), log: silent });
    const ingest = await startIngest({
      ...{ dev, hub, store, registry, log: silent, metrics },
      onFlood: () => undefined,
    });
    return { store, ingest };
  };
  let parts = await open();
  const close = async () => {
    await parts.ingest.stop();
    await parts.store.close();
  };
  atEnd(t, close);
  return {
    nats,
    get store() {
      return parts.store;
    },
    get ingest() {
      return parts.ingest;
    },
    stored,
    activated,
    until: conditions.until,
    async refused(serial) {
      const { records } = await parts.store.rejections.list(serial, { limit: 1_000 });
      return records.map(({ error }) => error);
    },
    async settled() {
      const { consumers } = await jetstreamManager(dev);
      for (const stream of ["GATEWAY_TELEMETRY", "$MQTT_msgs"]) {
        for (;;) {
          const { num_pending, num_ack_pending } = await consumers.info(stream, "ingest");
          if (num_pending + num_ack_pending === 0) break;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    },
    provision(name) {
      names.push(name);
      for (const listener of listeners) listener({ kind: "gateway", id: "gw-1" });
    },
    async restart() {
      await close();
      parts = await open();
    },
  };
}

async function listen(hub: NatsConnection, changed: () => void): Promise<EnrichedReading[]> {
  const stored: EnrichedReading[] = [];
  hub.subscribe("live.orgs.>", {
    callback(_error, message) {
      stored.push(message.json());
      changed();
    },
  });
  await hub.flush();
  return stored;
}

function tree(names: readonly string[]): GatewayTree {
  return {
    serial: "gw-1",
    orgId: "org-1",
    batterySign: "canonical",
    devices: [
      {
        deviceId: "dev-1",
        hardwareId: "acme:1.5",
        siteId: "sit-1",
        state: "pending",
        ders: [
          ...names.map((name) => ({ derId: `der-${name}`, name, readingType: "meter" as const })),
          { derId: "der-battery", name: "battery-1", readingType: "battery" as const },
        ],
      },
    ],
  };
}

/** An instant that no other reading of the test has. */
export function nextMs(): number {
  lastMs = Math.max(Date.now(), lastMs + 1);
  return lastMs;
}

let lastMs = 0;

export const subjectOf = (der: string, hardwareId = "acme_1_5", serial = "gw-1"): string =>
  `gateways.${serial}.devices.${hardwareId}.ders.${der}.telemetry.json.v1`;
