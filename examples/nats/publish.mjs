/** Sends readings as the demo's gateway and prints the hub's answers: publish.mjs [--count N] */
import { randomUUID, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connect } from "@nats-io/transport-node";

const { values } = parseArgs({ options: { count: { type: "string", default: "10" } } });
const dataDir =
  process.env.NOVACORE_DATA_DIR ?? new URL("../../.novacore", import.meta.url).pathname;
const demo = JSON.parse(readFileSync(`${dataDir}/demo.json`, "utf8"));
const key = readFileSync(`${dataDir}/demo/gateway-key.pem`);
const serial = demo.gateway_serial;

await provision();
const connection = await connect({
  servers: demo.nats_url,
  user: serial,
  pass: loginJwt(),
  inboxPrefix: `_INBOX_${serial}`,
});
for (let left = Number(values.count); left > 0; left--) {
  const reading = { type: "pv", timestamp: Date.now(), W: -300 - left, V: 231.4 };
  const batch = [{ ...reading, hardware_id: "balcony", der: "balcony" }];
  const subject = `gateways.${serial}.telemetry.batch`;
  const answer = await connection.request(subject, JSON.stringify(batch), { timeout: 5_000 });
  console.log(answer.string());
  if (left > 1) await delay(1_000);
}
await connection.drain();

/** The first time this makes the device; later it changes nothing. */
async function provision() {
  const response = await fetch(`${demo.base_url}/devices/provision`, {
    method: "POST",
    headers: { authorization: `Bearer ${demo.token}`, "content-type": "application/json" },
    body: JSON.stringify({
      gateway_serial: serial,
      site_id: demo.site_id,
      hardware_id: "balcony",
      device_type: "inverter",
      name: "Balcony",
      ders: [{ name: "balcony", type: "solar" }],
    }),
  });
  if (!response.ok) throw new Error(`provisioning was answered ${response.status}`);
}

/** ES256, ten minutes; connections outlive it. */
function loginJwt() {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const iat = Math.floor(Date.now() / 1000);
  const header = encode({ alg: "ES256", typ: "JWT", device: serial });
  const payload = encode({ iat, exp: iat + 600, jti: randomUUID() });
  const text = Buffer.from(`${header}.${payload}`);
  const signature = sign("sha256", text, { key, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}
