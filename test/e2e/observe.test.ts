import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "@nats-io/transport-node";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { type Answer, type Ask, createAsk } from "../support/ask.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { listen } from "../support/listener.ts";

let hub: TestHub;
let home: Home;
let ask: Ask;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
  ask = createAsk(hub.url);
});
after(async () => {
  await hub?.close();
});

test("/metrics counts what happened, from gateway to listener, and names gateways alone", async () => {
  const listener = await listen(`${hub.url}/stream/sites/${home.siteId}`, home);
  await publish();
  await publishRefused();
  await loginOverNats();
  await listener.until("a reading", () => listener.readings()[0]);
  const { status, text } = await ask("GET", "/metrics");
  assert.equal(status, 200);
  const value = (series: string) =>
    Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${series} `))
        ?.split(" ")[1],
    );
  for (const series of [
    'novacore_readings_received_total{transport="http"}',
    "novacore_readings_stored_total",
    'novacore_readings_rejected_total{code="reading_invalid"}',
    "novacore_publish_batch_readings_count",
    "novacore_publish_ack_seconds_count",
    'novacore_stream_bytes_max{stream="ENRICHED_TELEMETRY"}',
    'novacore_listeners{transport="sse"}',
    'novacore_events_delivered_total{transport="sse"}',
    'novacore_logins_total{result="accepted"}',
    "novacore_gateway_to_delivered_seconds_count",
    'novacore_gateway_to_delivered_seconds_bucket{le="+Inf"}',
  ]) {
    assert.ok(value(series) >= 1, `${series} is ${value(series)}`);
  }
  for (const name of ["publish_queue_readings", "nats_restarts_total", "replays_running"]) {
    assert.equal(value(`novacore_${name}`), 0, name);
  }
  // The refused reading was not late, nor is it counted.
  const { serial } = home.gateway;
  assert.equal(value(`novacore_reading_lateness_seconds_count{gateway="${serial}"}`), 1);
  const others = text.replaceAll(/^novacore_\w+_lateness_seconds\w*\{.*gateway="[^"]+".*$/gm, "");
  assert.doesNotMatch(others, /\b(idt|org|sit|dev|der|sim)-[0-9a-z]/);
  assert.doesNotMatch(text, /\b(idt|org|sit|dev|der)-[0-9a-z]/);
  await listener.close();
});

test("anybody can verify a token by the published keys, without asking the hub", async () => {
  const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", hub.url));
  const { payload, protectedHeader } = await jwtVerify(home.token, keys, { issuer: "novacore" });
  assert.equal(payload.sub, home.session.identityId);
  assert.equal(payload.identity_type, "user");
  assert.match(String(payload.public_key), /^[0-9a-f]{64}$/);
  assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 86_400);
  assert.equal(protectedHeader.alg, "ES256");
  const [header, , signature] = home.token.split(".");
  const claims = { ...payload, sub: "idt-somebody-else" };
  const forged = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${signature}`;
  await assert.rejects(jwtVerify(forged, keys), /signature verification failed/);
  const published = await ask("GET", "/.well-known/jwks.json");
  for (const key of published.body.keys) assert.ok(!("d" in key), "only public keys");
});

test("/readyz tells why the hub is not ready while nats-server is down, and all resumes", async () => {
  assert.equal((await ask("GET", "/readyz")).status, 200);
  const listener = await listen(`${hub.url}/stream/sites/${home.siteId}`, home);
  const pidFile = join(hub.dataDir, "nats", "nats-server.pid");
  const { pid }: { pid: number } = JSON.parse(readFileSync(pidFile, "utf8"));
  process.kill(pid, "SIGKILL");
  const down = await askUntil("/readyz", 503);
  assert.equal(down.body.status, "not_ready");
  const faults = down.body.checks.filter((check: { ok: boolean }) => !check.ok);
  assert.ok(faults.length > 0);
  for (const { name, reason } of faults) {
    assert.ok(["nats-server", "streams"].includes(name), name);
    assert.match(reason, /^it is restarting$|does not answer$/);
  }
  assert.equal(down.headers.get("retry-after"), "2");
  assert.equal((await ask("GET", "/healthz")).status, 200);
  await askUntil("/readyz", 200);
  await publish();
  await listener.until("a reading of after the restart", () => listener.readings().length > 0);
  await listener.close();
});

async function publish(): Promise<void> {
  await home.publish("solar", { type: "pv", timestamp: Date.now(), W: -3000 });
}

async function publishRefused(): Promise<void> {
  const reading = { type: "pv", timestamp: Date.now(), W: "much" };
  await assert.rejects(home.publish("solar", reading), /reading_invalid/);
}

async function loginOverNats(): Promise<void> {
  const { serial: user } = home.gateway;
  const connection = await connect({
    ...{ servers: hub.natsUrl, user, pass: home.gateway.loginJwt(), reconnect: false },
  });
  await connection.close();
}

/** Asks until the answer has this status, which nothing announces. */
async function askUntil(path: string, status: number): Promise<Answer> {
  for (let left = 2_000; left > 0; left--) {
    const answer = await ask("GET", path);
    if (answer.status === status) return answer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${path} never answered ${status}`);
}
