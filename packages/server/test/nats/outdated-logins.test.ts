import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { connectBackEnd, createBackEnd } from "../../../../test/support/back-end.ts";
import { createHome } from "../../../../test/support/home.ts";
import { type HubProcess, startHubProcess } from "../../../../test/support/hub-process.ts";
import { operatedNatsConfig } from "../../src/nats/print-config.ts";
import { openRegistry } from "../../src/registry/database.ts";
import { startOperated } from "./operated-server.ts";
import { testConfig } from "./running-nats.ts";

test("a hub that died between a revocation and its cut makes up for it at its next start", {
  timeout: 60_000,
}, async (t) => {
  const found = await testConfig(t);
  if (found === undefined) return;
  const { config, dataDir } = found;
  const NATS_URL = await startOperated(t, config, dataDir, operatedNatsConfig(dataDir));
  const hub = await startHubProcess({ NATS_URL }, dataDir);
  try {
    await dieBetween(hub, NATS_URL);
  } finally {
    await hub.close();
  }
});

async function dieBetween(hub: HubProcess, NATS_URL: string): Promise<void> {
  const home = await createHome(hub);
  const open = async (name: string, siteIds?: readonly string[]) => {
    const limit = siteIds === undefined ? {} : { siteIds };
    const backEnd = await createBackEnd(home, { name, ...limit });
    return { backEnd, connection: await connectBackEnd(NATS_URL, backEnd) };
  };
  const revoked = await open("Revoked");
  const limited = await open("Limited", [home.siteId]);
  const given = await open("Given another key");
  const undisturbed = await open("Undisturbed");
  const gateway = await connectGateway(NATS_URL, home.gateway);
  const released = await connectGateway(NATS_URL, home.ders["negated-battery"].gateway);

  await hub.kill();
  // As the hub commits them, and dies.
  const registry = await openRegistry({ dataDir: hub.dataDir, databaseUrl: undefined });
  await registry.integrations.revoke(revoked.backEnd.id);
  await registry.integrations.rotateKey(given.backEnd.id, ["00".repeat(32)]);
  await registry.gateways.release(home.ders["negated-battery"].gateway.serial);
  await registry.close();
  await hub.start();

  await Promise.all([
    revoked.connection.closed(),
    limited.connection.closed(),
    given.connection.closed(),
    released.closed(),
  ]);
  for (const { backEnd } of [revoked, given]) {
    await assert.rejects(connectBackEnd(NATS_URL, backEnd), /authorization/i);
  }
  await (await connectBackEnd(NATS_URL, limited.backEnd)).close();
  for (const connection of [gateway, undisturbed.connection]) {
    assert.equal(connection.isClosed(), false);
    await connection.close();
  }
}

async function connectGateway(
  servers: string,
  gateway: { readonly serial: string; loginJwt(): string },
): Promise<NatsConnection> {
  const login = { user: gateway.serial, pass: gateway.loginJwt() };
  return connect({ servers, ...login, reconnect: false, inboxPrefix: `_INBOX_${gateway.serial}` });
}
