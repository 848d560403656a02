import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { NovacoreError } from "@novacore/protocol";
import { fastify, type LightMyRequestResponse } from "fastify";
import { readGatewayState } from "../../src/store/gateway-state.ts";
import { rejectionRoutes } from "../../src/store/rejection-routes.ts";
import type { Rejection, RejectionRecord } from "../../src/store/rejections.ts";
import { openStore } from "../../src/store/store.ts";
import { atEnd } from "../nats/at-end.ts";
import { natsGateway } from "../nats/clients.ts";
import { type RunningNats, runNats, silent } from "../nats/running-nats.ts";

async function open(t: TestContext, nats: RunningNats) {
  const dev = await nats.connect("DEV");
  const store = await openStore({ hub: await nats.connect("HUB"), dev, log: silent });
  atEnd(t, () => store.close());
  const record = (rejection: Partial<Rejection>) =>
    new Promise<void>((resolve, reject) => {
      const whole = {
        serial: "gw-1",
        hardwareId: "hw",
        der: "m",
        code: "reading_invalid" as const,
        message: 'W is "1"; it has to be a number.',
        path: "/W",
        receivedAtMs: 5,
        original: Buffer.from("{}"),
        ...rejection,
      };
      store.rejections.record(whole, (result) => {
        if (result instanceof NovacoreError) reject(result);
        else resolve();
      });
    });
  return { dev, store, record };
}

test("rejections are listed newest first, page by page, each gateway's its own", async (t) => {
  const nats = await runNats(t);
  if (nats === undefined) return;
  const { store, record } = await open(t, nats);
  for (let i = 0; i < 25; i++) {
    await record({ receivedAtMs: i });
    await record({ receivedAtMs: i, serial: "gw-2" });
  }
  const app = fastify();
  await app.register(rejectionRoutes, {
    rejections: store.rejections,
    authorizeRejections: async (_request, serial) => {
      if (serial !== "gw-1") throw new NovacoreError("not_found");
      return { sinceMs: 0, hardwareIds: "all" };
    },
  });
  const seen: RejectionRecord[] = [];
  let url: string | undefined = "/gateways/gw-1/rejections?limit=10";
  const sizes: number[] = [];
  while (url !== undefined) {
    const response: LightMyRequestResponse = await app.inject({ url });
    assert.equal(response.statusCode, 200);
    const page: RejectionRecord[] = response.json();
    sizes.push(page.length);
    seen.push(...page);
    const link = response.headers.link;
    url = typeof link === "string" ? link.match(/<(.*)>; rel="next"/)?.[1] : undefined;
  }
  assert.deepEqual(sizes, [10, 10, 5]);
  assert.deepEqual(
    seen.map(({ received_at }) => received_at),
    Array.from({ length: 25 }, (_, i) => 24 - i),
  );
  assert.deepEqual(seen[0], {
    received_at: 24,
    gateway_serial: "gw-1",
    hardware_id: "hw",
    der: "m",
    error: "reading_invalid",
    message: 'W is "1"; it has to be a number.',
    path: "/W",
    original: Buffer.from("{}").toString("base64"),
    original_bytes: 2,
    truncated: false,
  });
  const other = await app.inject({ url: "/gateways/gw-2/rejections" });
  assert.ok(other.statusCode >= 400, "the authorization decides");
  assert.equal((await app.inject({ url: "/gateways/gw-1/rejections?cursor=x" })).statusCode, 400);
  await app.close();
});

test("a large original is cut off and marked; a gateway without rejections has none", async (t) => {
  const nats = await runNats(t);
  if (nats === undefined) return;
  const { store, record } = await open(t, nats);
  await record({ original: Buffer.alloc(100_000, "x"), serial: "not a name" });
  const { records } = await store.rejections.list("not a name", { limit: 5 });
  const [first] = records;
  assert.deepEqual(
    [first?.truncated, first?.original_bytes, first?.original.length],
    [true, 100_000, Math.ceil(65_536 / 3) * 4],
  );
  assert.deepEqual(await store.rejections.list("gw-9", { limit: 5 }), {
    records: [],
    next: undefined,
  });
});

test("a gateway's last state and inventory are kept", async (t) => {
  const nats = await runNats(t);
  if (nats === undefined) return;
  const { dev } = await open(t, nats);
  const gateway = await natsGateway(t, nats.nats, "gw-1");
  assert.deepEqual(await readGatewayState(dev, "gw-1"), { state: undefined, inventory: undefined });
  for (const version of [1, 2]) {
    gateway.publish("gateways.gw-1.state.json.v1", JSON.stringify({ version }));
  }
  gateway.publish("gateways.gw-1.inventory.drivers.json.v1", "no JSON");
  await gateway.flush();
  // The stream answers nothing when it has stored them, so ask until the last one is there.
  let kept = await readGatewayState(dev, "gw-1");
  while (kept.inventory === undefined) kept = await readGatewayState(dev, "gw-1");
  const { state, inventory } = kept;
  assert.deepEqual(state?.value, { version: 2 });
  assert.ok(Math.abs((state?.receivedAtMs ?? 0) - Date.now()) < 60_000);
  assert.ok(inventory !== undefined && inventory.value === undefined);
});
