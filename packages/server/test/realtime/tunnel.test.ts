import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import { connectAsync } from "mqtt";
import { limits } from "../../src/limits.ts";
import type { RealtimePort } from "../../src/realtime/realtime-port.ts";
import { type RunningNats, rightPassword, runNats } from "../nats/running-nats.ts";
import {
  answerBack,
  connectHubUser,
  digest,
  handshake,
  openPort,
  type RawClient,
  rawClient,
  textFrame,
  until,
  upstreamOf,
} from "./open-port.ts";

interface Rig {
  readonly running: RunningNats;
  readonly port: RealtimePort;
  readonly url: string;
}

async function startRig(t: TestContext, trustProxy: string[] = []): Promise<Rig | undefined> {
  const running = await runNats(t);
  if (running === undefined) return undefined;
  const port = await openPort(t, {
    config: { host: "127.0.0.1", realtimePort: 0, trustProxy },
    upstream: () => upstreamOf(running.nats),
    accept: () => assert.fail("no tunnel"),
  });
  return { running, port, url: `ws://127.0.0.1:${port.port}` };
}

test("a NATS client subscribes, publishes and asks through the port", async (t) => {
  const rig = await startRig(t);
  if (rig === undefined) return;
  const [one, two] = await Promise.all([
    connectHubUser(t, rig.running.nats, rig.url),
    connectHubUser(t, rig.running.nats, rig.url),
  ]);
  one.subscribe("question", { callback: answerBack });
  const heard = one.subscribe("told", { max: 1_000 });
  await one.flush();
  assert.equal((await two.request("question", "why")).string(), "why");
  for (let index = 0; index < 1_000; index++) two.publish("told", `${index}`);
  const received: string[] = [];
  for await (const message of heard) received.push(message.string());
  assert.deepEqual(
    received,
    Array.from({ length: 1_000 }, (_, index) => `${index}`),
  );
  assert.equal(rig.port.tunnels().count, 2);
});

test("messages of any size arrive byte for byte", async (t) => {
  const rig = await startRig(t);
  if (rig === undefined) return;
  const sender = await connectHubUser(t, rig.running.nats, rig.url);
  const receiver = await connectHubUser(t, rig.running.nats, rig.url);
  const sizes = [0, 1, 125, 126, 65_535, 65_536, 1_000_000, limits.natsPayloadBytesMax];
  const heard = receiver.subscribe("large", { max: sizes.length });
  await receiver.flush();
  const sent = sizes.map((size) => randomBytes(size));
  for (const payload of sent) sender.publish("large", payload);
  const received: string[] = [];
  for await (const message of heard) received.push(digest(message.data));
  assert.deepEqual(received, sent.map(digest));
});

test("MQTT over WebSocket comes through as well", async (t) => {
  const rig = await startRig(t);
  if (rig === undefined) return;
  const client = await connectAsync(`${rig.url}/mqtt`, {
    ...{ username: "gw-1", password: rightPassword, protocolVersion: 4, reconnectPeriod: 0 },
  });
  assert.equal(client.connected, true);
  assert.equal(rig.running.attempts.at(-1)?.username, "gw-1");
  await client.endAsync();
  await until("every tunnel is closed", () => rig.port.tunnels().count === 0);
});

test("a nats-server that dies closes its clients, and is found again when it is back", async (t) => {
  const rig = await startRig(t);
  if (rig === undefined) return;
  const { nats } = rig.running;
  const client = await connectHubUser(t, nats, rig.url);
  const closed = client.closed();
  const back = new Promise<void>((resolve) => {
    const stop = nats.onState(({ state }) => {
      if (state !== "running") return;
      stop();
      resolve();
    });
  });
  const state = nats.state();
  assert.ok(state.state === "running");
  process.kill(state.pid, "SIGKILL");
  await closed;
  await until("every tunnel is closed", () => rig.port.tunnels().count === 0);

  const meanwhile = rawClient(t, rig.port.port);
  meanwhile.socket.write(handshake());
  assert.match(await meanwhile.over, /^HTTP\/1\.1 503 [\s\S]*"error":"unavailable"/);
  await back;
  await connectHubUser(t, nats, rig.url);
});

test("a client that is cut is gone from nats-server, and leaves nothing behind", async (t) => {
  const rig = await startRig(t);
  if (rig === undefined) return;
  const before = (await connections(rig.running)).length;
  const clients = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const client = rawClient(t, rig.port.port);
      client.socket.write(handshake());
      await client.until(/INFO \{/);
      return client;
    }),
  );
  assert.equal(rig.port.tunnels().count, clients.length);
  assert.equal((await connections(rig.running)).length, before + clients.length);
  clients.forEach(({ socket }, index) => {
    if (index % 2 === 0) socket.resetAndDestroy();
    else socket.end();
  });
  await until("every tunnel is closed", () => rig.port.tunnels().count === 0);
  await until(
    "nats-server has let go",
    async () => (await connections(rig.running)).length === before,
  );
});

test("nats-server sees the address of the peer, whatever the client claims", async (t) => {
  // Only Linux has all of 127.0.0.0/8 without being asked.
  if (process.platform !== "linux") return t.skip("needs a second loopback address");
  const rig = await startRig(t);
  if (rig === undefined) return;
  const client = rawClient(t, rig.port.port, { localAddress: "127.0.0.9" });
  client.socket.write(handshake(["x-forwarded-for: 10.9.9.9", "X-Forwarded-For: 10.8.8.8"]));
  assert.equal(await addressInLog(rig, client), "127.0.0.9");
});

test("behind a trusted proxy nats-server sees the address that the proxy vouches for", async (t) => {
  const rig = await startRig(t, ["loopback"]);
  if (rig === undefined) return;
  const client = rawClient(t, rig.port.port);
  client.socket.write(handshake(["X-Forwarded-For: 10.9.9.9, 10.8.8.8", "x-forwarded-for: ::1"]));
  assert.equal(await addressInLog(rig, client), "10.8.8.8");
});

test("a second request behind a refused handshake is not passed on", async (t) => {
  const rig = await startRig(t);
  if (rig === undefined) return;
  const before = (await connections(rig.running)).length;
  const client = rawClient(t, rig.port.port);
  client.socket.write(handshake([], 12) + handshake(["X-Forwarded-For: 10.9.9.9"]));
  const answer = await client.over;
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1);
  assert.equal((await connections(rig.running)).length, before);
  await until("every tunnel is closed", () => rig.port.tunnels().count === 0);
});

test("frames sent right behind the handshake wait for its answer", async (t) => {
  const rig = await startRig(t);
  if (rig === undefined) return;
  const client = rawClient(t, rig.port.port);
  const frames = [`${connectLine("gw-1")}\r\n`, "PING\r\n"].map(textFrame);
  client.socket.write(Buffer.concat([Buffer.from(handshake()), ...frames]));
  await client.until(/PONG/);
});

test("closing the port ends its tunnels", async (t) => {
  const rig = await startRig(t);
  if (rig === undefined) return;
  const client = await connectHubUser(t, rig.running.nats, rig.url);
  const closed = client.closed();
  await rig.port.close();
  await closed;
  assert.deepEqual(rig.port.tunnels(), { count: 0, bufferedBytes: 0 });
});

test("a client that does not read costs little memory, is cut, and disturbs nobody", async (t) => {
  const rig = await startRig(t);
  if (rig === undefined) return;
  const subject = "gateways.gw-slow.devices.d.ders.battery.control.ems.commands";
  const slow = await slowSubscriber(t, rig, subject);
  const quick = await connectHubUser(t, rig.running.nats, rig.url);
  const rounds = 100;
  const heard = quick.subscribe("quick", { max: rounds });
  await quick.flush();

  const [dev, hub] = [await rig.running.connect("DEV"), await rig.running.connect("HUB")];
  const payload = new Uint8Array(Math.ceil((limits.natsPendingBytesMax * 1.5) / rounds));
  let bufferedMax = 0;
  for (let round = 0; round < rounds; round++) {
    dev.publish(subject, payload);
    hub.publish("quick", "go");
    await Promise.all([dev.flush(), hub.flush()]);
    bufferedMax = Math.max(bufferedMax, rig.port.tunnels().bufferedBytes);
  }
  let received = 0;
  for await (const message of heard) received += message.string() === "go" ? 1 : 0;
  assert.equal(received, rounds);
  assert.ok(bufferedMax > 0, "the client was too quick to show anything");
  assert.ok(bufferedMax < 1024 * 1024, `${bufferedMax} bytes were held`);
  await until("the slow tunnel is closed", () => rig.port.tunnels().count === 1);
  slow.socket.resume();
  await slow.over;
  await quick.flush();
});

/** Makes nats-server complain about the client, and reads in its log where it thinks it comes from. */
async function addressInLog({ running }: Rig, client: RawClient): Promise<string | undefined> {
  await client.until(/INFO \{/);
  await logIn(client, "gw-1");
  client.socket.write(textFrame("NONSENSE\r\n"));
  const pattern = /"message":"([^"/]+)\/127\.0\.0\.1:\d+ - wid:/;
  await until("the line of the log", () => pattern.test(running.logged()));
  return pattern.exec(running.logged())?.[1];
}

async function slowSubscriber(t: TestContext, rig: Rig, subject: string): Promise<RawClient> {
  const slow = rawClient(t, rig.port.port);
  slow.socket.write(handshake());
  await slow.until(/INFO \{/);
  slow.socket.write(textFrame(`${connectLine("gw-slow")}\r\n`));
  slow.socket.write(textFrame(`SUB ${subject} 1\r\nPING\r\n`));
  await slow.until(/PONG/);
  slow.socket.pause();
  return slow;
}

async function logIn(client: RawClient, serial: string): Promise<void> {
  client.socket.write(textFrame(`${connectLine(serial)}\r\nPING\r\n`));
  await client.until(/PONG/);
}

function connectLine(user: string): string {
  return `CONNECT ${JSON.stringify({ verbose: false, user, pass: rightPassword })}`;
}

/** Everybody who is connected to nats-server over WebSocket. */
async function connections({ connect }: RunningNats): Promise<unknown[]> {
  const sys = await connect("SYS");
  const answer = await sys.request("$SYS.REQ.SERVER.PING.CONNZ", "{}", { timeout: 5_000 });
  const { data }: { data: { connections: { type: string }[] } } = answer.json();
  await sys.close();
  return data.connections.filter(({ type }) => type === "websocket");
}
