import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connect, wsconnect } from "@nats-io/transport-node";
import { claimGateway, createVirtualGateway, type VirtualGateway } from "@novacore/simulator";
import { connectAsync } from "mqtt";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { openSocket } from "../support/socket.ts";
import { acceptedLogins, forgedLogins, type LoginParts } from "./login-rows.ts";

let hub: TestHub;
let home: Home;
let other: VirtualGateway;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
  other = createVirtualGateway();
  await claimGateway(home.session, { orgId: home.orgId, gateway: other });
});
after(() => hub?.close());

/** Every way to log in: resolves when let in, having left again; rejects when refused. */
const doors: Record<string, (username: string, password: string) => Promise<void>> = {
  async MQTT(username, password) {
    const client = await connectAsync(hub.mqttUrl, { username, password, reconnectPeriod: 0 });
    await client.endAsync();
  },
  async NATS(user, pass) {
    const connection = await connect({ servers: hub.natsUrl, user, pass, reconnect: false });
    await connection.close();
  },
  async "NATS over WebSocket"(user, pass) {
    const connection = await wsconnect({ servers: hub.websocketUrl, user, pass, reconnect: false });
    await connection.close();
  },
  async WebSocket(username, token) {
    const socket = await openSocket(hub.url, { token });
    const [authenticated] = socket.ops("authenticated");
    await socket.close();
    // There is no user name to be checked: who it is, the credential alone says.
    if (authenticated?.identity_id !== username) throw new Error("authorization of another");
  },
};

for (const [door, enter] of Object.entries(doors)) {
  describe(`login over ${door}`, () => {
    for (const row of acceptedLogins) {
      test(`let in: ${row.name}`, async () => {
        await enter(usernameOf(row), row.password(parts()));
      });
    }
    for (const row of forgedLogins) {
      test(`refused: ${row.name}`, async () => {
        await assert.rejects(enter(usernameOf(row), row.password(parts())), refusal);
      });
    }
    test("refused: a gateway that nobody has claimed", async () => {
      const stranger = createVirtualGateway();
      await assert.rejects(enter(stranger.serial, stranger.loginJwt()), refusal);
    });
    test("refused: a gateway that was released, at once", async () => {
      const leaving = createVirtualGateway();
      await claimGateway(home.session, { orgId: home.orgId, gateway: leaving });
      await enter(leaving.serial, leaving.loginJwt());
      await createApi(hub.url, home.token)("DELETE", `/gateways/${leaving.serial}`);
      await assert.rejects(enter(leaving.serial, leaving.loginJwt()), refusal);
    });
  });
}

describe("challenge and verify", () => {
  test("refused: a challenge that was used before", async () => {
    const api = createApi(hub.url);
    const public_key = home.gateway.publicKeyHex;
    const { challenge } = await api("POST", "/auth/challenge", { public_key });
    const signature = home.gateway.sign(challenge);
    const answer = await api("POST", "/auth/verify", { public_key, challenge, signature });
    assert.equal(answer.identity_id, home.gateway.serial);
    await assert.rejects(
      api("POST", "/auth/verify", { public_key, challenge, signature }),
      /401.*challenge_invalid/,
    );
  });

  test("refused: a challenge signed by another key", async () => {
    const api = createApi(hub.url);
    const public_key = home.gateway.publicKeyHex;
    const { challenge } = await api("POST", "/auth/challenge", { public_key });
    const signature = other.sign(challenge);
    await assert.rejects(
      api("POST", "/auth/verify", { public_key, challenge, signature }),
      /401.*signature_invalid/,
    );
  });
});

function parts(): LoginParts {
  const { serial, privateKey: key, publicKey } = home.gateway;
  return { serial, key, publicKey, otherSerial: other.serial, otherKey: other.privateKey };
}

function usernameOf(row: { username?: (parts: LoginParts) => string }): string {
  return row.username?.(parts()) ?? home.gateway.serial;
}

/** What clients say when the server turned them away, as opposed to a fault of the test. */
function refusal(error: unknown): boolean {
  const message = String(error instanceof Error ? `${error.name} ${error.message}` : error);
  // A login that is too large is cut off in the middle of it.
  return /authoriz|authentication|bad username|ECONNRESET|connection refused|control line/i.test(
    message,
  );
}
