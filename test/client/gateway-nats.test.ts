import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { GatewayKey } from "@novacore/client/gateway";
import { createVirtualGateway, openSender } from "@novacore/simulator";
import { startNatsImposter } from "../support/nats-imposter.ts";
import { openGateway, quick } from "./open-gateway.ts";

const reading = { type: "meter", timestamp: 1_700_000_000_000, W: 5 } as const;
const timing = { ...quick, connectMs: 3_600_000 };
const nowhere = { url: "http://127.0.0.1:1", mqttUrl: "" };

/** Less than an answer may take, 45 s, and an attempt to connect, an hour here. */
const bounded = { timeout: 30_000 };

function openTowards(t: TestContext, natsUrl: string) {
  const self = { serial: "gw-1", key: GatewayKey.generate(), timing };
  return openGateway(t, { ...nowhere, natsUrl }, "nats", self);
}

test("a gateway that was told tls:// gives its login to no server without TLS", async (t) => {
  const { address, lines } = await startNatsImposter(t);
  const { events, until } = await openTowards(t, `tls://${address}`);
  await until("two refusals", () => events.filter(({ kind }) => kind === "lost").length >= 2);
  assert.deepEqual(lines, []);
  assert.ok(events.every(({ kind }) => kind === "lost"));
});

test("a virtual gateway that was told tls:// gives its login to no server without TLS", async (t) => {
  const { address, lines } = await startNatsImposter(t);
  const gateway = createVirtualGateway();
  const places = { baseUrl: nowhere.url, mqttUrl: "", natsUrl: `tls://${address}` };
  await assert.rejects(openSender("nats", gateway, places), /does not support 'tls'/);
  assert.deepEqual(lines, []);
});

test("a gateway that waits for a silent server is closed at once", bounded, async (t) => {
  const imposter = await startNatsImposter(t, { isSilent: true });
  const { gateway } = await openTowards(t, `nats://${imposter.address}`);
  await imposter.until("it connects", () => imposter.counts.connected === 1);
  await gateway.close();
  assert.equal(imposter.counts.open, 1, "nobody has ended the attempt");
});

test("a batch that is not answered is given up when the gateway is closed", bounded, async (t) => {
  const imposter = await startNatsImposter(t);
  const { gateway } = await openTowards(t, `nats://${imposter.address}`);
  const publication = gateway.publish({ hardwareId: "m:1", der: "grid", reading });
  await imposter.until("the batch is sent", () =>
    imposter.lines.some((line) => /^H?PUB /.test(line)),
  );
  await gateway.close();
  assert.equal((await publication).status, "spooled");
});

test("a password in an address is in no event", async (t) => {
  const { address } = await startNatsImposter(t);
  for (const [via, urls] of [
    ["nats", { natsUrl: `tls://user:SECRET@${address}`, mqttUrl: "" }],
    ["mqtt", { natsUrl: "", mqttUrl: "mqtt://user:SECRET@127.0.0.1:1" }],
  ] as const) {
    const self = { serial: "gw-1", key: GatewayKey.generate() };
    const { events, until } = await openGateway(t, { ...nowhere, ...urls }, via, self);
    await until("it is refused", () => events.some(({ kind }) => kind === "lost"));
    const [loss] = events;
    assert.ok(loss?.kind === "lost");
    assert.match(loss.error.message, /127\.0\.0\.1/);
    assert.doesNotMatch(loss.error.message, /SECRET/);
  }
});
