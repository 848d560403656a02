import assert from "node:assert/strict";
import { type ConsumerInfo, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { connectHub } from "../../packages/server/src/nats/connection.ts";
import { loadHubKeys } from "../../packages/server/src/nats/hub-keys.ts";
import { type BackEnd, connectBackEnd, createBackEnd } from "./back-end.ts";
import { createConditions } from "./conditions.ts";
import { createHome, type Home } from "./home.ts";
import type { TestHub } from "./hub.ts";

const stream = "ENRICHED_TELEMETRY";

/** An organization at work: a live subscriber, consumers and a gateway that must notice nothing. */
export interface Victim extends AsyncDisposable {
  readonly home: Home;
  readonly backEnd: BackEnd;
  readonly consumers: readonly string[];
  /** Asserts that nothing was read, changed or disturbed since the last time, by a new reading. */
  isUndisturbed(): Promise<void>;
}

/** A consumer of an integration, made as the hub makes it. */
export async function addConsumer(
  manager: JetStreamManager,
  name: string,
  orgId: string,
  acknowledged: "explicit" | "none",
): Promise<void> {
  await manager.consumers.add(stream, {
    ...{ durable_name: name, ack_policy: acknowledged, filter_subjects: [`orgs.${orgId}.>`] },
    ack_wait: 3_600_000_000_000,
  });
}

export async function hubManager(hub: TestHub) {
  const keys = loadHubKeys(hub.dataDir);
  const connection = await connectHub({ natsUrl: hub.natsUrl, keys }, "HUB", "test");
  return { connection, manager: await jetstreamManager(connection) };
}

export async function createVictim(hub: TestHub): Promise<Victim> {
  const home = await createHome(hub);
  const backEnd = await createBackEnd(home);
  const { connection: inHub, manager } = await hubManager(hub);
  const consumers = [`${backEnd.id}_0`, `${backEnd.id}_1`];
  await addConsumer(manager, `${backEnd.id}_0`, home.orgId, "explicit");
  await addConsumer(manager, `${backEnd.id}_1`, home.orgId, "none");

  const heard: string[] = [];
  const conditions = createConditions();
  const live = await connectBackEnd(hub.natsUrl, backEnd);
  const { serial, loginJwt } = home.gateway;
  const gateway = await connect({
    ...{ servers: hub.natsUrl, user: serial, pass: loginJwt(), reconnect: false },
    inboxPrefix: `_INBOX_${serial}`,
  });
  const hear = (message: { subject: string; string(): string }) => {
    heard.push(`${message.subject} ${message.string()}`);
    conditions.changed();
  };
  const listens = [
    [live, `orgs.${home.orgId}.>`],
    [live, `_INBOX_${backEnd.id}.>`],
    [gateway, `gateways.${serial}.devices.*.ders.*.control.>`],
    [gateway, `_INBOX_${serial}.>`],
  ] as const;
  for (const [connection, subject] of listens) {
    connection.subscribe(subject, { callback: (_error, message) => hear(message) });
  }
  await Promise.all([live.flush(), gateway.flush()]);

  const state = async () => {
    const infos = await Promise.all(consumers.map((name) => manager.consumers.info(stream, name)));
    const { config } = await manager.streams.info(stream);
    const streams = await manager.streams.names().next();
    return { consumers: infos.map(comparable), config, streams };
  };
  let timestamp = Date.now() - 3_600_000;
  const publish = async () => {
    timestamp += 1_000;
    const before = heard.length;
    await home.publish("meter", { type: "meter", timestamp, W: 1 });
    const isNew = (line: string) => line.includes(`"timestamp":${timestamp}`);
    await conditions.until("its own reading", () => heard.some(isNew));
    const others = heard.slice(before).filter((line) => !isNew(line));
    assert.deepEqual([...heard.slice(0, before), ...others], [], "only its own readings are heard");
    heard.splice(0);
  };
  await publish();
  const initial = await state();

  return {
    ...{ home, backEnd, consumers },
    async isUndisturbed() {
      await publish();
      assert.deepEqual(await state(), initial);
      assert.equal(live.isClosed() || gateway.isClosed(), false, "nobody was thrown out");
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([live.close(), gateway.close(), inHub.close()]);
    },
  };
}

/** What must not change of a consumer while nobody but its owner may touch it. */
function comparable({ name, config, delivered, ack_floor, ...info }: ConsumerInfo) {
  const { num_ack_pending, num_redelivered, num_waiting } = info;
  const sequences = [delivered.consumer_seq, delivered.stream_seq, ack_floor.stream_seq];
  return { name, config, sequences, num_ack_pending, num_redelivered, num_waiting };
}
