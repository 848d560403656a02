import assert from "node:assert/strict";
import { test } from "node:test";
import { cutOffIdentity, kickIdentity } from "../../src/nats/kick.ts";
import { mqttGateway, natsGateway, websocketGateway } from "./clients.ts";
import { connectedUsers, runNats } from "./running-nats.ts";

test("a revoked identity is cut on every transport, the others stay", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const { nats, connect } = running;
  const tcp = await natsGateway(t, nats, "gw-1");
  const websocket = await websocketGateway(t, nats, "gw-1");
  const mqtt = await mqttGateway(t, nats, "gw-1");
  const other = await natsGateway(t, nats, "gw-10");
  const closed = [
    tcp.closed(),
    websocket.closed(),
    new Promise<void>((resolve) => mqtt.once("close", () => resolve())),
  ];
  assert.equal(await kickIdentity(await connect("SYS"), "gw-1"), 3);
  await Promise.all(closed);
  assert.deepEqual(await connectedUsers(running), ["gw-10"]);
  assert.equal(other.isClosed(), false);
});

test("who comes back while the server is looked through again stays", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const { nats, connect } = running;
  const before = await natsGateway(t, nats, "gw-1");
  const kicked = kickIdentity(await connect("SYS"), "gw-1");
  await before.closed();
  const after = await natsGateway(t, nats, "gw-1");
  assert.equal(await kicked, 1);
  assert.equal(after.isClosed(), false);
});

test("an identity with thousands of connections loses every one", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const { nats, connect } = running;
  const closed: Promise<unknown>[] = [];
  for (let hundred = 0; hundred < 22; hundred++) {
    const opened = Array.from({ length: 100 }, () => natsGateway(t, nats, "gw-1"));
    for (const connection of await Promise.all(opened)) closed.push(connection.closed());
  }
  assert.ok((await kickIdentity(await connect("SYS"), "gw-1")) >= closed.length);
  await Promise.all(closed);
});

test("an identity is cut off once a nats-server that hung is back", {
  timeout: 60_000,
}, async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const { nats, connect } = running;
  const gateway = await natsGateway(t, nats, "gw-1");
  const sys = await connect("SYS");
  const state = nats.state();
  assert.ok(state.state === "running");
  const failed = Promise.withResolvers<void>();
  process.kill(state.pid, "SIGSTOP");
  try {
    void cutOffIdentity(sys, "gw-1", { error: () => failed.resolve() });
    await failed.promise;
    assert.equal(gateway.isClosed(), false);
  } finally {
    process.kill(state.pid, "SIGCONT");
  }
  await gateway.closed();
});

test("nobody is cut for an identity that is not connected", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  await natsGateway(t, running.nats, "gw-1");
  const sys = await running.connect("SYS");
  assert.equal(await kickIdentity(sys, "gw-2"), 0);
  assert.equal(await kickIdentity(sys, ""), 0);
});
