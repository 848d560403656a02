import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { after, before, describe, test } from "node:test";
import { Novacore, type StreamEvent, type TransportFactory } from "@novacore/client";
import { natsTransport } from "@novacore/client/nats";
import { type CuttableProxy, startCuttableProxy } from "../browser/cuttable-proxy.ts";
import { type BackEnd, backEndToken, createBackEnd } from "../support/back-end.ts";
import { createConditions } from "../support/conditions.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";
import { tokenFor } from "./tokens.ts";

let hub: HubProcess;
let home: Home;
let proxy: CuttableProxy;
let natsProxy: CuttableProxy;
/** NATS is open to integrations alone. */
let backEnd: BackEnd;
let token: string;

before(async () => {
  hub = await startHubProcess();
  home = await createHome(hub);
  proxy = await startCuttableProxy(hub.url);
  natsProxy = await startCuttableProxy(hub.natsUrl);
  backEnd = await createBackEnd(home);
  token = await backEndToken(hub.url, backEnd);
});
after(async () => {
  await proxy?.close();
  await natsProxy?.close();
  await hub?.close();
});

/** So that a test that waits for a reconnect does not wait for long. */
const timing = { backoffMs: 50, backoffMostMs: 500 };

/** Everything through the proxies where `isProxied`, so that a cut cuts all of it. */
const transports: Readonly<
  Record<string, (isProxied: boolean) => "sse" | "websocket" | TransportFactory>
> = {
  sse: () => "sse",
  websocket: () => "websocket",
  nats: (isProxied: boolean) =>
    natsTransport(isProxied ? { servers: natsProxy.url.replace("http:", "nats:") } : {}),
};

for (const [name, transportOf] of Object.entries(transports)) {
  describe(name, () => {
    const connect = (given = token) =>
      new Novacore({ baseUrl: hub.url, token: given, transport: transportOf(false), timing });
    const connectThroughProxy = () =>
      new Novacore({ baseUrl: proxy.url, token, transport: transportOf(true), timing });

    test("a cut network and a killed hub cost nothing: exactly what was published arrives", async () => {
      const powers = Array.from({ length: 60 }, (_, index) => -1 - index);
      const heard: number[] = [];
      const conditions = createConditions();
      const nova = connectThroughProxy();
      await using stream = nova.site(home.siteId).readings({ types: ["pv"], since: Date.now() });
      const events: StreamEvent[] = [];
      stream.onEvent((event) => {
        events.push(event);
        conditions.changed();
      });
      const listening = (async () => {
        for await (const { W } of stream) {
          heard.push(W ?? 0);
          conditions.changed();
        }
      })();
      const has = (kind: StreamEvent["kind"], count: number) =>
        conditions.until(`${kind}, ${count} times`, () => {
          return events.filter((event) => event.kind === kind).length >= count;
        });
      await has("connected", 1);
      await publish(...powers.slice(0, 10));
      for (const round of [1, 2]) {
        cut();
        await publish(...powers.slice(round * 10, round * 10 + 5));
        await has("lost", round);
        restore();
        await publish(...powers.slice(round * 10 + 5, round * 10 + 10));
        await has("connected", round + 1);
      }
      await publish(...powers.slice(30, 40));
      await hub.kill();
      await has("lost", 3);
      await hub.start();
      await publish(...powers.slice(40));
      await conditions.until("everything", () => heard.length >= powers.length);
      assert.deepEqual(heard, powers);
      await has("connected", 4);
      assert.ok(!events.some(({ kind }) => kind === "reset"));
      stream.close();
      await listening;
    });

    test("a cursor that a program has kept brings what follows it", async () => {
      const first = connect().site(home.siteId).readings({ since: Date.now() });
      await publish(-1, -2, -3);
      for await (const { W } of first) if (W === -2) break;
      assert.equal(first.state, "ended");
      const second = connect().site(home.siteId).readings({ cursor: first.cursor });
      const { value } = await second.next();
      assert.equal(value?.W, -3);
      second.close();
    });

    test("an organization, several sites, a device and a DER are heard alike", async () => {
      const { derId } = home.ders.solar;
      const { device_id: deviceId } = await createApi(hub.url, token)("GET", `/ders/${derId}`);
      const since = Date.now();
      await publish(-7);
      await home.publish("battery", { type: "battery", timestamp: Date.now(), W: 7 });
      const nova = connect();
      const sources = [
        nova.org(home.orgId),
        nova.sites([home.siteId]),
        nova.device(deviceId),
        nova.der(derId),
      ];
      for (const source of sources) {
        const stream = source.readings({ since, types: ["pv"] });
        for await (const reading of stream) {
          assert.deepEqual([reading.type, reading.W, reading.der_id], ["pv", -7, derId]);
          break;
        }
      }
    });

    test("a slow consumer misses nothing", async () => {
      const powers = Array.from({ length: 3_000 }, (_, index) => -1 - index);
      const since = Date.now();
      await upload(powers);
      const stream = connect()
        .site(home.siteId)
        .readings({ since, queueMax: 10, types: ["pv"] });
      const heard: (number | undefined)[] = [];
      for await (const { W } of stream) {
        heard.push(W);
        // Others have their turn at each reading, the sockets among them.
        await new Promise((resolve) => setImmediate(resolve));
        if (heard.length === powers.length) break;
      }
      assert.deepEqual(heard, powers);
    });

    test("a stream goes on beyond its token's end with the next one", async () => {
      const events: StreamEvent[] = [];
      let tokens = 0;
      const lasting = (lifetimeMs: number) =>
        tokenFor(hub, { token, session: { identityId: backEnd.id } }, lifetimeMs);
      const next = () => lasting(++tokens === 1 ? 5_000 : 3_600_000);
      const transport = transportOf(false);
      const nova = new Novacore({ baseUrl: hub.url, token: next, transport, timing });
      await using stream = nova.site(home.siteId).readings({ types: ["pv"] });
      stream.onEvent((event) => events.push(event));
      const heard: (number | undefined)[] = [];
      const conditions = createConditions();
      const listening = (async () => {
        for await (const { W } of stream) {
          heard.push(W);
          conditions.changed();
        }
      })();
      const expired = new Novacore({ baseUrl: hub.url, token: await lasting(5_000) });
      // The same lifetime, and no newer one: this ends when the first token has.
      await assert.rejects(
        expired
          .site(home.siteId)
          .readings({ types: ["ev_charger"] })
          .next(),
        {
          code: "token_expired",
        },
      );
      await publish(-9);
      await conditions.until("a reading after that", () => heard.includes(-9));
      const isLost = events.some(({ kind }) => kind === "lost");
      assert.equal(isLost, name === "sse", "a request's header cannot be changed");
      stream.close();
      await listening;
    });

    test("what will not pass is thrown with its code", async () => {
      const stream = connect().site("sit-none").readings();
      await assert.rejects(stream.next(), { name: "NovacoreError", code: "not_found" });
      const stranger = connect("nonsense").site(home.siteId).readings();
      await assert.rejects(stranger.next(), { code: "unauthenticated" });
    });

    test("a hub that is not there is waited for", async () => {
      cut();
      await using stream = connectThroughProxy().site(home.siteId).readings({ since: Date.now() });
      const lost = stream.states().next();
      const next = stream.next();
      assert.equal((await lost).value?.kind, "lost");
      restore();
      await publish(-11);
      assert.equal((await next).value?.W, -11);
      stream.close();
    });

    test("streams leave no listener, timer or socket behind", async () => {
      const abort = new AbortController();
      await settled();
      const before = openResources();
      for (let i = 0; i < 20; i++) {
        const stream = connect().site(home.siteId).readings({ signal: abort.signal });
        const states = stream.states();
        const next = stream.next();
        assert.equal((await states.next()).value?.kind, "connected");
        if (i % 2 === 0) await stream.return();
        else stream.close();
        await next;
      }
      assert.equal(getEventListeners(abort.signal, "abort").length, 0);
      const giveUpAt = performance.now() + 10_000;
      while (openResources() > before && performance.now() < giveUpAt) await settled();
      assert.ok(openResources() <= before, `${openResources()} are open, ${before} were before`);
    });
  });
}

function cut(): void {
  for (const each of [proxy, natsProxy]) each.cut();
}

function restore(): void {
  for (const each of [proxy, natsProxy]) each.restore();
}

/** Timers and sockets of this process. Fetch keeps idle connections for a while. */
function openResources(): number {
  const kinds = ["Timeout", "TCPSocketWrap", "TCPWRAP"];
  return process.getActiveResourcesInfo().filter((kind) => kinds.includes(kind)).length;
}

async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

let lastTimestamp = 0;

function nextTimestamp(): number {
  lastTimestamp = Math.max(Date.now(), lastTimestamp + 1);
  return lastTimestamp;
}

async function publish(...powers: readonly number[]): Promise<void> {
  for (const W of powers) {
    await home.publish("solar", { type: "pv", timestamp: nextTimestamp(), W });
  }
}

async function upload(powers: readonly number[]): Promise<void> {
  const { gateway, hardwareId, der } = home.ders.solar;
  const readings = powers.map((W) => {
    return { type: "pv", W, hardware_id: hardwareId, der, timestamp: nextTimestamp() };
  });
  const api = createApi(hub.url, gateway.loginJwt());
  const answer = await api("POST", `/gateways/${gateway.serial}/telemetry`, readings);
  assert.equal(answer.accepted, powers.length);
}
