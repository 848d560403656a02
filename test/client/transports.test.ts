import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { natsTransport } from "@novacore/client/nats";
import { encodeCursor } from "@novacore/protocol";
import { createSseTransport } from "../../packages/client/src/sse-transport.ts";
import type {
  Arrival,
  Connection,
  Opening,
  Transport,
} from "../../packages/client/src/transport.ts";
import { createWebSocketTransport } from "../../packages/client/src/websocket-transport.ts";
import { type BackEnd, backEndToken, createBackEnd } from "../support/back-end.ts";
import { type Condition, createConditions } from "../support/conditions.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { tokenFor } from "./tokens.ts";

let hub: TestHub;
let home: Home;
let backEnd: BackEnd;
/** NATS is open to integrations alone. */
let token: string;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
  backEnd = await createBackEnd(home);
  token = await backEndToken(hub.url, backEnd);
});
after(() => hub?.close());

const transports: Readonly<Record<string, () => Transport>> = {
  sse: () =>
    createSseTransport({
      baseUrl: hub.url,
      findSites: async () => [home.siteId],
    }),
  websocket: () => createWebSocketTransport({ baseUrl: hub.url }),
  "nats over TCP": () => natsTransport()({ baseUrl: hub.url }),
  "nats over WebSocket": () => natsTransport({ servers: hub.websocketUrl })({ baseUrl: hub.url }),
};

for (const [name, create] of Object.entries(transports)) {
  const isNats = name.startsWith("nats");
  describe(name, () => {
    test("readings come with their cursors, and a cursor brings what follows it", async () => {
      const first = open(create());
      await first.until("it is open", () => first.arrivals[0]);
      assert.equal(first.arrivals[0]?.kind, "opened");
      await first.until("a position", () => first.of("position")[0]);
      await publish(-1, -2, -3);
      await first.until("three readings", () => first.powers().length === 3);
      first.connection.close();
      const resumeFrom = first.of("readings")[0]?.cursor;
      const second = open(create(), { resumeFrom });
      await second.until("it has caught up", () => second.of("caught_up")[0]);
      assert.deepEqual(second.powers(), [-2, -3]);
      second.connection.close();
    });

    test("the selection is sent whole", async () => {
      const since = Date.now();
      await publish(-4);
      await home.publish("battery", { type: "battery", timestamp: Date.now(), W: 4 });
      const listener = open(create(), {
        target: {},
        selection: { since, types: ["pv"], ders: [home.ders.solar.derId], liveness: !isNats },
      });
      await listener.until("it has caught up", () => listener.of("caught_up")[0]);
      assert.deepEqual(listener.powers(), [-4]);
      if (!isNats) {
        await listener.until("liveness", () => listener.of("liveness")[0]);
        assert.equal(listener.of("liveness")[0]?.liveness.der_id, home.ders.solar.derId);
      }
      listener.connection.close();
    });

    test("a position of another stream is told by a reset, with one to go on from", async () => {
      const resumeFrom = encodeCursor({ epoch: 1, sequence: 1 });
      const listener = open(create(), { resumeFrom });
      await listener.until("it has caught up", () => listener.of("caught_up")[0]);
      assert.equal(listener.of("reset")[0]?.reset.reason, "cursor_epoch_changed");
      assert.equal(listener.of("position").at(-1)?.cursor, listener.of("reset")[0]?.reset.newest);
      listener.connection.close();
    });

    test("a refusal is the last arrival, with the hub's code", async () => {
      const rows: readonly [Partial<Opening>, string, boolean][] = [
        [{ target: { sites: ["sit-none"] } }, "not_found", false],
        [{ selection: { since: "yesterday" } }, "validation_failed", false],
        [{ credential: { kind: "token", token: "nonsense" } }, "unauthenticated", false],
      ];
      for (const [opening, code, isRetryable] of rows) {
        const listener = open(create(), opening);
        const { error } = await listener.until("it is closed", () => listener.of("closed")[0]);
        assert.deepEqual([error.code, error.isRetryable], [code, isRetryable]);
        assert.equal(listener.arrivals.at(-1)?.kind, "closed");
      }
    });

    test("a ticket opens a stream as well", { skip: isNats && "NATS has none" }, async () => {
      const api = createApi(hub.url, home.token);
      const { ticket } = await api("POST", "/stream/tickets", { site_ids: [home.siteId] });
      const listener = open(create(), { credential: { kind: "ticket", ticket } });
      await listener.until("a position", () => listener.of("position")[0]);
      listener.connection.close();
    });

    test("a token that ends is announced", async () => {
      const ending = await tokenFor(hub, { token, session: { identityId: backEnd.id } }, 30_000);
      const listener = open(create(), { credential: { kind: "token", token: ending } });
      await listener.until("it is told", () => listener.of("expiring")[0]);
      listener.connection.close();
    });

    test("no more readings come than the consumer allows, and none is lost", async () => {
      const since = Date.now();
      // Many, so that a stream fills more than the pieces that are read at once.
      const powers = Array.from({ length: 2_000 }, (_, index) => -1 - index);
      await upload(powers);
      const listener = open(create(), { selection: { since, types: ["pv"] }, credit: 10 });
      await listener.until("the first ten", () => listener.powers().length >= 10);
      if (name === "sse") {
        await listener.until("it is held", () => listener.of("held")[0]);
        assert.ok(listener.powers().length < powers.length, "all came at once");
      } else {
        // A whole conversation later there are still ten.
        const other = open(create(), { selection: { since, types: ["pv"] }, credit: 5_000 });
        await other.until("it has caught up", () => other.of("caught_up")[0]);
        other.connection.close();
        assert.equal(listener.powers().length, 10);
      }
      listener.connection.allow(5_000);
      await listener.until("the rest", () => listener.powers().length >= powers.length);
      assert.deepEqual(listener.powers(), powers);
      listener.connection.close();
    });
  });
}

test("a connection that cannot be opened is told as such, and may be tried again", async () => {
  const baseUrl = "http://127.0.0.1:1";
  const sse = open(createSseTransport({ baseUrl, findSites: async () => [] }));
  const webSocket = open(createWebSocketTransport({ baseUrl }));
  for (const listener of [sse, webSocket]) {
    const { error } = await listener.until("it is closed", () => listener.of("closed")[0]);
    assert.equal(error.isRetryable, true);
  }
});

test("an open WebSocket goes on with a newer token", async () => {
  const token = await tokenFor(hub, home, 2_000);
  const listener = open(createWebSocketTransport({ baseUrl: hub.url }), {
    credential: { kind: "token", token },
  });
  await listener.until("it is told", () => listener.of("expiring")[0]);
  listener.connection.refresh({ kind: "token", token: home.token });
  const stale = open(createWebSocketTransport({ baseUrl: hub.url }), {
    credential: { kind: "token", token },
  });
  const { error } = await stale.until("the other one ends", () => stale.of("closed")[0]);
  assert.equal(error.code, "token_expired");
  await publish(-5);
  await listener.until("a reading after that", () => listener.powers().includes(-5));
  listener.connection.close();
});

test("a WebSocket gathers readings where that is wanted", async () => {
  const since = Date.now();
  await publish(-1, -2, -3);
  const listener = open(createWebSocketTransport({ baseUrl: hub.url }), {
    selection: { since },
    batchMs: 0,
  });
  await listener.until("it has caught up", () => listener.of("caught_up")[0]);
  assert.deepEqual(
    listener.of("readings").map(({ readings }) => readings.length),
    [3],
  );
  listener.connection.close();
});

interface Listener {
  readonly arrivals: readonly Arrival[];
  of<Kind extends Arrival["kind"]>(kind: Kind): Extract<Arrival, { kind: Kind }>[];
  powers(): (number | undefined)[];
  readonly until: Condition;
  readonly connection: Connection;
}

function open(transport: Transport, opening: Partial<Opening> = {}): Listener {
  const arrivals: Arrival[] = [];
  const conditions = createConditions();
  const connection = transport.open({
    target: { sites: [home.siteId] },
    selection: {},
    credential: { kind: "token", token },
    credit: 1_000,
    take(arrival) {
      arrivals.push(arrival);
      conditions.changed();
    },
    ...opening,
  });
  const of = <Kind extends Arrival["kind"]>(kind: Kind) =>
    arrivals.filter((each): each is Extract<Arrival, { kind: Kind }> => each.kind === kind);
  return {
    arrivals,
    of,
    powers: () => of("readings").flatMap(({ readings }) => readings.map(({ W }) => W)),
    until: conditions.until,
    connection,
  };
}

let lastTimestamp = 0;

async function publish(...powers: readonly number[]): Promise<void> {
  for (const W of powers) {
    lastTimestamp = Math.max(Date.now(), lastTimestamp + 1);
    await home.publish("solar", { type: "pv", timestamp: lastTimestamp, W });
  }
}

async function upload(powers: readonly number[]): Promise<void> {
  const { gateway, hardwareId, der } = home.ders.solar;
  const readings = powers.map((W) => {
    lastTimestamp = Math.max(Date.now(), lastTimestamp + 1);
    return { type: "pv", W, hardware_id: hardwareId, der, timestamp: lastTimestamp };
  });
  const api = createApi(hub.url, gateway.loginJwt());
  const answer = await api("POST", `/gateways/${gateway.serial}/telemetry`, readings);
  assert.equal(answer.accepted, powers.length, JSON.stringify(answer).slice(0, 500));
}
