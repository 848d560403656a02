import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect } from "@nats-io/transport-node";
import { gatewayTelemetrySubject, sanitiseHardwareId } from "@novacore/protocol";
import { limits } from "../../packages/server/src/limits.ts";
import { waysIn } from "../conformance/ways-in.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { listen } from "../support/listener.ts";

let hub: TestHub;
let home: Home;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

test("a gateway that floods is cut off, with the reason on record; the others go on", async () => {
  const loud = home.ders["negated-battery"];
  const { serial } = loud.gateway;
  const flooding = await connect({
    servers: hub.natsUrl,
    user: serial,
    pass: loud.gateway.loginJwt(),
    inboxPrefix: `_INBOX_${serial}`,
    reconnect: false,
  });
  const hardwareId = sanitiseHardwareId(loud.hardwareId);
  const subject = gatewayTelemetrySubject({ serial, hardwareId, der: loud.der });
  // One reading over and over: nothing of it is refused but for the rate.
  const payload = JSON.stringify({ type: "battery", timestamp: Date.now(), W: 1 });
  // Twice the limit: whatever window the flood falls into, one of them is exceeded.
  for (let i = 0; i < 2 * limits.gatewayRateReadingsMax + 1_000; i++)
    flooding.publish(subject, payload);
  await flooding.flush().catch((error: unknown) => {
    if (!flooding.isClosed()) throw error; // cut off already
  });
  await flooding.closed();

  const door = waysIn.find(({ name }) => name === "NATS publish");
  await assert.rejects(async () => door?.open(hub, loud.gateway), /authoriz/i);

  const listener = await listen(`${hub.url}/stream/sites/${home.siteId}`, { token: home.token });
  await home.publish("meter", { type: "meter", timestamp: Date.now(), W: 1 });
  await listener.until("a quiet gateway's reading arrives", () => listener.readings()[0]);
  await listener.close();

  const api = createApi(hub.url, home.token);
  const metrics = await (await fetch(`${hub.url}/metrics`)).text();
  assert.match(metrics, /novacore_readings_rejected_total\{code="rate_limited"\} [1-9]/);
  const kept: { error: string }[] = await api("GET", `/gateways/${serial}/rejections`);
  assert.deepEqual([...new Set(kept.map(({ error }) => error))], ["rate_limited"]);
});
