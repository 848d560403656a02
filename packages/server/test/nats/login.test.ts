import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, nkeyAuthenticator } from "@nats-io/transport-node";
import { connectAsync } from "mqtt";
import { createNkey } from "../../src/nats/nkeys.ts";
import { mqttGateway, natsGateway, websocketGateway } from "./clients.ts";
import { connectedUsers, rightPassword, runNats } from "./running-nats.ts";

test("a gateway that the hub accepts is connected, over TCP, WebSocket and MQTT", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const { nats, attempts } = running;
  await natsGateway(t, nats, "gw-1");
  await websocketGateway(t, nats, "gw-2");
  await mqttGateway(t, nats, "gw-3");
  assert.deepEqual(await connectedUsers(running), ["gw-1", "gw-2", "gw-3"]);
  assert.deepEqual(
    attempts.map(({ username, password, transport }) => ({ username, password, transport })),
    [
      { username: "gw-1", password: rightPassword, transport: "nats" },
      { username: "gw-2", password: rightPassword, transport: "websocket" },
      { username: "gw-3", password: rightPassword, transport: "mqtt" },
    ],
  );
});

test("a login that the hub refuses is refused at once, over every transport", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const { nats } = running;
  await assert.rejects(natsGateway(t, nats, "gw-1", "wrong"), /Authorization Violation/i);
  await assert.rejects(websocketGateway(t, nats, "gw-1", "wrong"), /Authorization Violation/i);
  await assert.rejects(mqttGateway(t, nats, "gw-1", { password: "wrong" }), /Not authorized/i);
  assert.equal(running.logged().match(/"login_refused"/g)?.length, 3);
});

test("what a refused client gave as credentials is in no log line", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const { nats } = running;
  const secret = "eyJhbGciOiJFUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl";
  const options = { servers: nats.natsUrl, reconnect: false };
  await assert.rejects(connect({ ...options, user: "gw-1", pass: secret }));
  await assert.rejects(connect({ ...options, user: secret, pass: "x" }));
  await assert.rejects(connect({ ...options, token: secret }));
  await assert.rejects(mqttGateway(t, nats, secret, { password: secret }));
  assert.equal(running.logged().match(/"login_refused"/g)?.length, 4);
  assert.doesNotMatch(running.logged(), /c2VjcmV0/);
});

test("nobody comes in without credentials, or by a name of the hub's own", async (t) => {
  const running = await runNats(t, async ({ username = "" }) => ({
    accepted: true,
    identityId: username,
    identityType: "gateway",
  }));
  if (running === undefined) return;
  const { nats } = running;
  const options = { servers: nats.natsUrl, reconnect: false };
  const names = [
    "",
    "HUB",
    "sys",
    "Dev",
    "AUTH",
    "EXT_0",
    "$G",
    "_INBOX",
    "a.b",
    "*",
    ">",
    "a b",
    "é",
  ];
  for (const user of names) {
    await assert.rejects(connect({ ...options, user, pass: "x" }), /Authorization/i, user);
  }
  await assert.rejects(connect(options), /Authorization/i);
  await assert.rejects(connect({ ...options, user: nats.keys.users.HUB.publicKey, pass: "x" }));
  await assert.rejects(connectAsync(nats.mqttUrl, { reconnectPeriod: 0 }), /Not authorized/i);
});

test("an nkey reaches the hub only with a right signature over the nonce", async (t) => {
  const running = await runNats(t, async ({ nkey }) =>
    nkey === undefined
      ? { accepted: false, code: "key_unknown", reason: "no key" }
      : { accepted: true, identityId: "dev-1", identityType: "device" },
  );
  if (running === undefined) return;
  const { nats, attempts } = running;
  const { seed, key } = createNkey("user");
  const options = { servers: nats.natsUrl, reconnect: false };
  const connection = await connect({
    ...options,
    authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
  });
  t.after(() => connection.close());
  assert.deepEqual(await connectedUsers(running), ["dev-1"]);
  assert.equal(attempts.at(-1)?.nkey, key.publicKey);
  const asked = attempts.length;
  const forged = () => ({
    nkey: key.publicKey,
    sig: createNkey("user").key.sign("x").toString("base64url"),
  });
  await assert.rejects(connect({ ...options, authenticator: forged }), /Authorization/i);
  const hub = () => ({ ...forged(), nkey: nats.keys.users.HUB.publicKey });
  await assert.rejects(connect({ ...options, authenticator: hub }), /Authorization/i);
  assert.equal(attempts.length, asked);
});

test("a login that fails inside is refused, and the next one is checked as usual", async (t) => {
  let calls = 0;
  const running = await runNats(t, async ({ username = "" }) => {
    calls += 1;
    if (calls === 1) throw new Error("the registry is away");
    return { accepted: true, identityId: username, identityType: "gateway" };
  });
  if (running === undefined) return;
  await assert.rejects(natsGateway(t, running.nats, "gw-1"), /Authorization/i);
  assert.match(running.logged(), /the registry is away/);
  await natsGateway(t, running.nats, "gw-1");
});

test("a login that is being checked while its identity is revoked is refused", async (t) => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const running = await runNats(t, async () => {
    asked.resolve();
    await answer.promise;
    return { accepted: true, identityId: "gw-1", identityType: "gateway" };
  });
  if (running === undefined) return;
  const connecting = assert.rejects(natsGateway(t, running.nats, "gw-1"), /Authorization/i);
  await asked.promise;
  running.callout.revoke("gw-1");
  answer.resolve();
  await connecting;
});

test("a gateway cannot throw another out by its MQTT client id", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const { nats } = running;
  const victim = await mqttGateway(t, nats, "gw-1", { clientId: "gw-1" });
  await assert.rejects(mqttGateway(t, nats, "gw-2", { clientId: "gw-1" }), /Not authorized/i);
  assert.equal(victim.connected, true);
  // Squatting on it beforehand does not help either.
  const squatter = await mqttGateway(t, nats, "gw-2", { clientId: "gw-3-a" });
  const closed = new Promise<void>((resolve) => squatter.once("close", () => resolve()));
  const owner = await mqttGateway(t, nats, "gw-3", { clientId: "gw-3-a" });
  await closed;
  await assert.rejects(mqttGateway(t, nats, "gw-2", { clientId: "gw-3-a" }), /Not authorized/i);
  assert.equal(owner.connected, true);
});

test("five hundred logins at once are all answered", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const names = Array.from({ length: 500 }, (_, i) => `gw-${i}`);
  const connections = await Promise.all(names.map((name) => natsGateway(t, running.nats, name)));
  assert.equal(connections.length, 500);
});
