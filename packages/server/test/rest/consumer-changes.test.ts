import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { createBackEnd } from "../../../../test/support/back-end.ts";
import { createHome, type Home } from "../../../../test/support/home.ts";
import { startHub, type TestHub } from "../../../../test/support/hub.ts";
import { limits } from "../../src/limits.ts";
import { connectHub } from "../../src/nats/connection.ts";
import { loadHubKeys } from "../../src/nats/hub-keys.ts";
import { BackEndConsumers } from "../../src/store/consumers.ts";
import { startDyingHub } from "../store/dying-hub.ts";
import { type Asker, askerOf, until } from "./ask-until.ts";

let hub: TestHub;
let home: Home;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

async function backEndOf(owner: Home): Promise<{ id: string; ask: Asker }> {
  const { id, loginJwt } = await createBackEnd(owner);
  return { id, ask: askerOf(hub.url, loginJwt) };
}

test("a consumer that another hub was resetting when it died is there, and made by this one", async (t) => {
  const { id, ask } = await backEndOf(home);
  await home.publish("meter", { type: "meter", timestamp: Date.now(), W: 1 });
  const made = await ask("POST", "/nats/consumers", { name: "kept" });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const place = `${id}_0`;
  const { natsUrl } = hub;
  const keys = loadHubKeys(hub.dataDir);
  const own = await connectHub({ natsUrl, keys }, "HUB", "test");
  const [record] = await new BackEndConsumers(own).at([place]);
  assert.ok(record);
  const subject = `$JS.API.CONSUMER.DURABLE.CREATE.ENRICHED_TELEMETRY.${place}`;
  const { connection, died } = await startDyingHub(t, { natsUrl, keys }, subject);
  const fromStart = { kind: "since", sinceMs: 0, fromOldest: false } as const;
  const filters = async () => record.filters;
  const reset = new BackEndConsumers(connection).reset(record, filters, fromStart);
  await Promise.all([died, assert.rejects(reset, { code: "unavailable" })]);
  const found = await ask("GET", "/nats/consumers/kept");
  assert.deepEqual([found.status, found.body.consumer, found.body.pending], [200, place, 1]);
  const { consumers } = await jetstreamManager(own);
  const exists = (name: string) =>
    consumers.info("ENRICHED_TELEMETRY", name).then(
      () => true,
      () => false,
    );
  await until("the consumer is made", () => exists(place));
  await until("nothing stands in for it", async () => !(await exists(`${id}_remake`)));
  assert.deepEqual((await ask("GET", "/nats/consumers/kept")).body, found.body);
  await own.close();
});

test("an organization that makes and resets consumers all the time is told to wait", async () => {
  const busy = await createHome(hub);
  const { ask } = await backEndOf(busy);
  assert.equal((await ask("POST", "/nats/consumers", { name: "again" })).status, 201);
  const refused = await until429(() => ask("POST", "/nats/consumers/again/reset", { since: 0 }));
  assert.equal(refused.body.error, "rate_limited");
  assert.match(
    refused.body.message,
    new RegExp(` ${limits.consumerChangesPerMinute} consumers a `),
  );
  const waitSeconds = Number(refused.headers.get("retry-after"));
  assert.ok(waitSeconds >= 1 && waitSeconds <= 60, `${waitSeconds}`);
  assert.equal((await ask("GET", "/nats/consumers/again")).status, 200);
  const { ask: other } = await backEndOf(home);
  assert.equal((await other("POST", "/nats/consumers", { name: "free" })).status, 201);
});

/** Asks as often as is allowed in two minutes at most, since one may end in between. */
async function until429(change: () => ReturnType<Asker>): ReturnType<Asker> {
  for (let i = 0; i < 2 * limits.consumerChangesPerMinute; i++) {
    const answer = await change();
    if (answer.status === 429) return answer;
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }
  throw new Error("every change was made");
}
