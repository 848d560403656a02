import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { type Callout, startCallout } from "../../src/access/callout.ts";
import type { LoginAttempt, LoginOutcome } from "../../src/access/login.ts";
import { type Config, readConfig } from "../../src/config.ts";
import { findNatsServer } from "../../src/nats/binary.ts";
import { connectHub } from "../../src/nats/connection.ts";
import type { HubAccount } from "../../src/nats/hub-keys.ts";
import { type NatsServer, startNats } from "../../src/nats/server.ts";
import { atEnd } from "./at-end.ts";

export const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Every port free, everything else as by default; a nats-server that was looked up once. */
export async function testConfig(
  t: TestContext,
  env: Record<string, string> = {},
): Promise<{ config: Config; dataDir: string } | undefined> {
  const dataDir = mkdtempSync(join(tmpdir(), "novacore-test-"));
  atEnd(t, () => rmSync(dataDir, { recursive: true, force: true }));
  try {
    const explicit = process.env.NOVACORE_NATS_SERVER;
    const binary = await findNatsServer({ dataDir, explicit });
    const config = readConfig({
      NOVACORE_NATS_SERVER: binary === "nats-server" ? undefined : binary,
      NOVACORE_HTTP_PORT: "0",
      NOVACORE_REALTIME_PORT: "0",
      NOVACORE_NATS_PORT: "0",
      NOVACORE_MQTT_PORT: "0",
      NOVACORE_DATA_DIR: dataDir,
      ...env,
    });
    return { config, dataDir };
  } catch (error) {
    if (process.env.CI === "true") throw error;
    t.skip(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

export interface RunningNats {
  readonly nats: NatsServer;
  readonly dataDir: string;
  readonly callout: Callout;
  /** What the callout asked, newest last. */
  readonly attempts: LoginAttempt[];
  /** What was logged, as one text: for tests that a secret is not in it. */
  readonly logged: () => string;
  connect(account: HubAccount): Promise<NatsConnection>;
}

/** The password that `gatewayLogin` takes for any serial. */
export const rightPassword = "right-password-of-the-gateway";

/** Accepts every user whose password is right, as a gateway of that name. */
export async function gatewayLogin(attempt: LoginAttempt): Promise<LoginOutcome> {
  const { username, password } = attempt;
  if (username !== undefined && password === rightPassword) {
    return { accepted: true, identityId: username, identityType: "gateway" };
  }
  return { accepted: false, code: "signature_invalid", reason: "wrong password" };
}

/** A nats-server with the callout, stopped after the test; undefined when there is none here. */
export async function runNats(
  t: TestContext,
  login: (attempt: LoginAttempt) => Promise<LoginOutcome> = gatewayLogin,
): Promise<RunningNats | undefined> {
  const found = await testConfig(t);
  if (found === undefined) return undefined;
  const lines: string[] = [];
  const keep = (fields: object, message: string) => {
    lines.push(JSON.stringify({ ...fields, message }));
  };
  const log = { debug: keep, info: keep, warn: keep, error: keep };
  const nats = await startNats({ ...found, log });
  atEnd(t, () => nats.stop());
  const connect = async (account: HubAccount) => {
    const connection = await connectHub(nats, account, "test");
    atEnd(t, () => connection.close());
    return connection;
  };
  const attempts: LoginAttempt[] = [];
  const callout = await startCallout({
    connection: await connect("AUTH"),
    signing: nats.keys.issuer,
    login: (attempt) => {
      attempts.push(attempt);
      return login(attempt);
    },
    log,
  });
  return {
    nats,
    dataDir: found.dataDir,
    callout,
    attempts,
    connect,
    logged: () => lines.join("\n"),
  };
}

/** Who is connected to the account of gateways, the hub itself left out. */
export async function connectedUsers({ connect, nats }: RunningNats): Promise<string[]> {
  const sys = await connect("SYS");
  const query = JSON.stringify({ auth: true, acc: "DEV" });
  const answer = await sys.request("$SYS.REQ.SERVER.PING.CONNZ", query, { timeout: 2_000 });
  const { data }: { data: { connections: { authorized_user: string }[] } } = answer.json();
  return data.connections
    .map(({ authorized_user: user }) => user)
    .filter((user) => user !== nats.keys.users.DEV.publicKey)
    .sort();
}
