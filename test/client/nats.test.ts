import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Novacore, type ReadingStream, type StreamEvent } from "@novacore/client";
import { natsTransport } from "@novacore/client/nats";
import { type CuttableProxy, startCuttableProxy } from "../browser/cuttable-proxy.ts";
import { backEndToken, createBackEnd } from "../support/back-end.ts";
import { createConditions } from "../support/conditions.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";

let hub: HubProcess;
let home: Home;
let proxy: CuttableProxy;
let token: string;

before(async () => {
  hub = await startHubProcess();
  home = await createHome(hub);
  proxy = await startCuttableProxy(hub.url);
  token = await backEndToken(hub.url, await createBackEnd(home));
});
after(async () => {
  await proxy?.close();
  await hub?.close();
});

const timing = { backoffMs: 50, backoffMostMs: 500 };

/** HTTP goes through the proxy, NATS does not. */
function connect(given: { token?: string; key?: string } = { token }): Novacore {
  const transport = natsTransport({ servers: hub.natsUrl });
  return new Novacore({ baseUrl: proxy.url, ...given, transport, timing });
}

describe("what comes live", () => {
  test("comes over NATS alone: it goes on without HTTP", async () => {
    const listener = listen(
      connect()
        .site(home.siteId)
        .readings({ types: ["pv"] }),
    );
    await listener.has("connected", 1);
    const sent = await publishUntilLive();
    proxy.cut();
    sent.push(...(await publish(-1001, -1002, -1003)));
    await listener.until("all of it", () => listener.heard.length >= sent.length);
    assert.deepEqual(listener.heard, sent);
    assert.ok(!listener.events.some(({ kind }) => kind === "lost"));
    proxy.restore();
    await listener.close();
  });

  test("waits for a slow loop at the hub, where nothing of it is lost", async () => {
    const stream = connect()
      .site(home.siteId)
      .readings({ types: ["pv"], queueMax: 100 });
    const heard: (number | undefined)[] = [];
    const first = stream.next();
    await connected(stream);
    const sent = await publishUntilLive();
    heard.push((await first).value?.W);
    const powers = Array.from({ length: 500 }, (_, index) => -2_000 - index);
    sent.push(...(await upload(powers)));
    while (heard.length < sent.length) heard.push((await stream.next()).value?.W);
    assert.deepEqual(heard, sent);
    // And it becomes quick again: back on NATS, without HTTP.
    const next = stream.next();
    const more = await publishUntilLive();
    for (const [index, W] of more.entries()) {
      assert.equal((await (index === 0 ? next : stream.next())).value?.W, W);
    }
    proxy.cut();
    await publish(-3_001);
    assert.equal((await stream.next()).value?.W, -3_001);
    proxy.restore();
    stream.close();
  });

  test("leaves out all but the newest of each DER where that is enough", async () => {
    const stream = connect()
      .site(home.siteId)
      .readings({ types: ["pv"], mode: "latest", queueMax: 100 });
    const first = stream.next();
    await connected(stream);
    const sent = await publishUntilLive();
    const heard = [(await first).value?.W];
    const powers = Array.from({ length: 500 }, (_, index) => -4_000 - index);
    sent.push(...(await upload(powers)));
    while (heard.at(-1) !== sent.at(-1)) heard.push((await stream.next()).value?.W);
    assert.ok(heard.length < sent.length, `${heard.length} of ${sent.length}`);
    assert.deepEqual(
      heard,
      sent.filter((W) => heard.includes(W)),
      "in order, and none twice",
    );
    stream.close();
  });

  test("comes at most once in the interval that was asked for, the newest at its end", async () => {
    const minIntervalMs = 400;
    const listener = listen(
      connect()
        .site(home.siteId)
        .readings({ types: ["pv"], minIntervalMs }),
    );
    await listener.has("connected", 1);
    const sent = await publishUntilLive();
    sent.push(...(await upload(Array.from({ length: 50 }, (_, index) => -5_000 - index))));
    await listener.until("the newest", () => listener.heard.at(-1) === sent.at(-1));
    assert.ok(listener.heard.length < sent.length);
    await listener.close();
  });
});

test("kill -9 of nats-server and of the hub cost nothing", async () => {
  const listener = listen(
    connect()
      .org(home.orgId)
      .readings({ types: ["pv"], since: Date.now() }),
  );
  await listener.has("connected", 1);
  const sent = await publishUntilLive();
  for (const [index, kill] of [killNats, killHub].entries()) {
    await kill();
    await listener.has("lost", index + 1);
    sent.push(...(await publish(-6_001 - 10 * index, -6_002 - 10 * index)));
    await listener.has("caught_up", index + 2);
    sent.push(...(await publishUntilLive()));
  }
  await listener.until("all of it", () => listener.heard.length >= sent.length);
  assert.deepEqual(listener.heard, sent);
  assert.ok(!listener.events.some(({ kind }) => kind === "reset"));
  await listener.close();
});

test("an integration that is revoked is told so", async () => {
  const backEnd = await createBackEnd(home);
  const key = backEnd.key.export({ type: "pkcs8", format: "pem" }).toString();
  const stream = connect({ key })
    .site(home.siteId)
    .readings({ types: ["pv"] });
  const next = stream.next();
  await connected(stream);
  const [W] = await publishUntilLive();
  assert.equal((await next).value?.W, W);
  const after = (async () => {
    for await (const _ of stream); // what else was published before
  })();
  const owner = createApi(hub.url, home.token);
  await owner("DELETE", `/organizations/${home.orgId}/integrations/${backEnd.id}`);
  await assert.rejects(after, { name: "NovacoreError", code: "identity_revoked" });
});

test("an integration that is limited to sites hears those of its organization", async () => {
  const other = await createApi(hub.url, home.token)("POST", "/sites", {
    ...{ org_id: home.orgId, name: "Elsewhere" },
  });
  const siteIds = [home.siteId, other.id];
  const limited = await backEndToken(hub.url, await createBackEnd(home, { siteIds }));
  const listener = listen(
    connect({ token: limited })
      .org(home.orgId)
      .readings({ types: ["pv"] }),
  );
  await listener.has("connected", 1);
  const sent = await publishUntilLive();
  await listener.until("all of it", () => listener.heard.length >= sent.length);
  assert.deepEqual(listener.heard, sent);
  await listener.close();
});

test("what NATS cannot do is said at once", async () => {
  const refused = [
    [connect({ token: home.token }), {}, "forbidden"],
    [connect({}), {}, "options_invalid"],
    [connect(), { liveness: true }, "options_invalid"],
  ] as const;
  for (const [nova, options, code] of refused) {
    const stream = nova.site(home.siteId).readings(options);
    await assert.rejects(stream.next(), { name: "NovacoreError", code });
  }
});

interface Listener {
  readonly heard: readonly (number | undefined)[];
  readonly events: readonly StreamEvent[];
  readonly until: ReturnType<typeof createConditions>["until"];
  has(kind: StreamEvent["kind"], count: number): Promise<unknown>;
  close(): Promise<void>;
}

function listen(stream: ReadingStream): Listener {
  const heard: (number | undefined)[] = [];
  const events: StreamEvent[] = [];
  const { until, changed, fail } = createConditions();
  stream.onEvent((event) => {
    events.push(event);
    changed();
  });
  const listening = (async () => {
    for await (const { W } of stream) {
      heard.push(W);
      changed();
    }
  })().catch(fail);
  return {
    ...{ heard, events, until },
    has: (kind, count) =>
      until(`${kind}, ${count} times`, () => {
        return events.filter((event) => event.kind === kind).length >= count;
      }),
    async close() {
      stream.close();
      await listening;
    },
  };
}

async function connected(stream: ReadingStream): Promise<void> {
  for await (const { kind } of stream.states()) if (kind === "connected") return;
}

/** Publishes until no WebSocket is open at the hub any more: the past has met what comes live. */
async function publishUntilLive(): Promise<(number | undefined)[]> {
  const sent: (number | undefined)[] = [];
  do {
    sent.push(...(await publish(-1 - sent.length)));
  } while ((await listenersOfHub()) > 0);
  return sent;
}

async function listenersOfHub(): Promise<number> {
  const text = await (await fetch(`${hub.url}/metrics`)).text();
  const counts = text.matchAll(/^novacore_listeners(?:\{[^}]*\})? (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

async function killHub(): Promise<void> {
  await hub.kill();
  await hub.start();
}

/** The hub starts it again. */
async function killNats(): Promise<void> {
  const record = await readFile(join(hub.dataDir, "nats", "nats-server.pid"), "utf8");
  process.kill(JSON.parse(record).pid, "SIGKILL");
}

let lastTimestamp = 0;

function nextTimestamp(): number {
  lastTimestamp = Math.max(Date.now(), lastTimestamp + 1);
  return lastTimestamp;
}

/** In one request, and once: asked again while the hub is away, it knows what it has stored. */
async function upload(powers: readonly number[]): Promise<readonly number[]> {
  const { gateway, hardwareId, der } = home.ders.solar;
  const readings = powers.map((W) => {
    return { type: "pv", W, hardware_id: hardwareId, der, timestamp: nextTimestamp() };
  });
  const api = createApi(hub.url, gateway.loginJwt());
  for (;;) {
    const answer = await api("POST", `/gateways/${gateway.serial}/telemetry`, readings).catch(
      () => undefined,
    );
    if (answer?.accepted + answer?.duplicates === powers.length) return powers;
  }
}

async function publish(...powers: readonly number[]): Promise<readonly number[]> {
  for (const W of powers) await upload([W]);
  return powers;
}
