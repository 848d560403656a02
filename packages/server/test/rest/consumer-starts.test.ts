import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { decodeCursor, encodeCursor } from "@novacore/protocol";
import { createBackEnd } from "../../../../test/support/back-end.ts";
import { createApi, createHome, type Home } from "../../../../test/support/home.ts";
import { startHub, type TestHub } from "../../../../test/support/hub.ts";
import { limits } from "../../src/limits.ts";
import { connectHub } from "../../src/nats/connection.ts";
import { loadHubKeys } from "../../src/nats/hub-keys.ts";
import { type Asker, askerOf } from "./ask-until.ts";

let hub: TestHub;
let home: Home;
let self: Asker;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
  const backEnd = await createBackEnd(home);
  self = askerOf(hub.url, backEnd.loginJwt);
});
after(() => hub?.close());

describe("where a consumer starts", () => {
  test("positions that cannot be honoured say why, and what could be", async () => {
    await home.publish("meter", { type: "meter", timestamp: Date.now(), W: 2 });
    const body = { name: "late", org_id: home.orgId };
    const made = await self("POST", "/nats/consumers", body);
    const head = decodeCursor(made.body.starts_at);
    assert.ok(head);
    const { epoch, sequence } = head;
    const ahead = encodeCursor({ epoch, sequence: sequence + 100 });
    const elsewhere = encodeCursor({ epoch: epoch - 1, sequence });
    const reset = (fields: object) => self("POST", "/nats/consumers/late/reset", fields);
    for (const [cursor, status, code] of [
      ["nonsense", 400, "cursor_invalid"],
      [ahead, 410, "cursor_in_future"],
      [elsewhere, 410, "cursor_epoch_changed"],
    ] as const) {
      const answer = await reset({ cursor });
      assert.deepEqual([answer.status, answer.body.error], [status, code]);
    }
    // A refused reset has changed nothing.
    assert.deepEqual((await self("GET", "/nats/consumers/late")).body, made.body);
    const again = await reset({ cursor: encodeCursor({ epoch, sequence: sequence - 1 }) });
    assert.deepEqual([again.status, again.body.pending], [200, 1]);
    await self("DELETE", "/nats/consumers/late");
  });

  test("a position older than the stream tells the oldest one, which it takes on request", async () => {
    const stranger = await createHome(hub);
    const made = await createBackEnd(stranger);
    const ask = askerOf(hub.url, made.loginJwt);
    for (let i = 0; i < 3; i++) {
      await stranger.publish("meter", { type: "meter", timestamp: Date.now() - i, W: i });
    }
    const keys = loadHubKeys(hub.dataDir);
    const connection = await connectHub({ natsUrl: hub.natsUrl, keys }, "HUB", "test");
    const { streams } = await jetstreamManager(connection);
    await streams.update("ENRICHED_TELEMETRY", { max_msgs: 2 });
    const body = { name: "old", org_id: stranger.orgId };
    const refused = await ask("POST", "/nats/consumers", {
      ...body,
      since: Date.now() - 3_600_000,
    });
    assert.deepEqual([refused.status, refused.body.error], [410, "cursor_expired"]);
    assert.match(refused.body.message, /The archive has, unless it is off: read it with GET /);
    const told = new Map<string, string>(
      refused.body.details.map(({ path, message }: Record<string, string>) => [path, message]),
    );
    assert.ok(Date.parse(told.get("/oldest/time") ?? "") > Date.now() - 3_600_000);
    const oldest = await ask("POST", "/nats/consumers", {
      ...{ ...body, name: "oldest" },
      cursor: told.get("/oldest/cursor"),
    });
    assert.deepEqual([oldest.status, oldest.body.pending], [201, 2]);
    const onRequest = await ask("POST", "/nats/consumers", {
      ...{ ...body, since: 0, from_oldest: true },
    });
    assert.equal(onRequest.body.starts_at, oldest.body.starts_at);
    await streams.update("ENRICHED_TELEMETRY", { max_msgs: -1 });
    await connection.close();
  });

  test("more replays than may run at once are told when to come again", async () => {
    const upload = createApi(hub.url, home.gateway.loginJwt());
    const count = limits.consumerReplayingPending + 1;
    const startMs = Date.now() - 3_600_000;
    const { hardwareId, der } = home.ders.meter;
    const readings = Array.from({ length: count }, (_, i) => ({
      ...{ type: "meter", timestamp: startMs + i, W: i, hardware_id: hardwareId, der },
    }));
    const path = `/gateways/${home.gateway.serial}/telemetry`;
    for (const part of [readings.slice(0, count / 2), readings.slice(count / 2)]) {
      await upload("POST", path, part);
    }
    const body = { org_id: home.orgId, since: 0, from_oldest: true };
    for (let i = 0; i < limits.replayingConsumersPerOrgMax; i++) {
      const made = await self("POST", "/nats/consumers", { ...body, name: `replay-${i}` });
      assert.equal(made.status, 201, JSON.stringify(made.body));
    }
    const refused = await self("POST", "/nats/consumers", { ...body, name: "one-more" });
    assert.deepEqual([refused.status, refused.body.error], [429, "rate_limited"]);
    assert.equal(refused.headers.get("retry-after"), "30");
    assert.match(refused.body.message, /replay-0/);
    await self("DELETE", "/nats/consumers/replay-0");
    assert.equal((await self("POST", "/nats/consumers", { ...body, name: "now" })).status, 201);
  });
});
