import { join } from "node:path";
import { encodeCursor } from "@novacore/protocol";
import { SigningKeys } from "../../packages/server/src/access/signing-keys.ts";
import { signToken } from "../../packages/server/src/access/tokens.ts";
import { limits } from "../../packages/server/src/limits.ts";
import { createBackEnd } from "../support/back-end.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import type { TestHub } from "../support/hub.ts";
import { Values } from "./elision.ts";

/** Where an example plays: a home of its own, what its placeholders stand for, and what happens there. */
export interface Stage {
  readonly home: Home;
  readonly values: Values;
  /** Does what a sentence in parentheses says. */
  direct(sentence: string): Promise<void>;
}

/** For an example's text: what it does not name need not be made. */
export async function createStage(hub: TestHub, text: string): Promise<Stage> {
  const home = await createHome(hub);
  const integration = text.includes("{{integration_jwt}}") ? await integrationOf(home) : {};
  const values = new Values({ ...(await valuesOf(hub, home)), ...integration });
  // Two readings of a DER never share a timestamp.
  let clockMs = Date.now();
  return {
    home,
    values,
    async direct(sentence) {
      if (/^\d+ s later$/.test(sentence)) return; // whoever waits for the next line waits for this
      const report = /^the (roof|battery) reports (-?[\d.]+) W$/.exec(sentence);
      if (report === null) throw new Error(`nobody knows how to do "${sentence}"`);
      const [type, key] =
        report[1] === "roof" ? ["pv", "solar" as const] : ["battery", "battery" as const];
      clockMs += 1;
      await home.publish(key, { type, timestamp: clockMs, W: Number(report[2]) });
    },
  };
}

async function valuesOf(hub: TestHub, home: Home): Promise<Record<string, string>> {
  const api = createApi(hub.url, home.token);
  const { gateway, derId } = home.ders.solar;
  const { device_id: deviceId } = await api("GET", `/ders/${derId}`);
  const { ticket } = await api("POST", "/stream/tickets", { site_ids: [home.siteId] });
  const mqtt = new URL(hub.mqttUrl);
  const nowMs = Date.now();
  return {
    http_url: hub.url,
    ws_url: hub.url.replace(/^http/, "ws"),
    realtime_url: hub.websocketUrl,
    nats_url: hub.natsUrl,
    mqtt_host: mqtt.hostname,
    mqtt_port: mqtt.port,
    org_id: home.orgId,
    site_id: home.siteId,
    device_id: deviceId,
    der_id: derId,
    identity_id: home.session.identityId,
    serial: gateway.serial,
    key_file: join(hub.dataDir, `${home.orgId}-key.pem`),
    gateway_jwt: gateway.loginJwt(),
    token: home.token,
    expiring_token: await expiringToken(hub, home),
    ticket,
    now: `${nowMs}`,
    a_minute_ago: `${nowMs - 60_000}`,
    an_hour_ago: `${nowMs - 3_600_000}`,
    eight_days_ago: `${nowMs - 8 * 86_400_000}`,
    cursor_of_an_older_stream: encodeCursor({ epoch: 1, sequence: 1 }),
  };
}

async function integrationOf(home: Home): Promise<Record<string, string>> {
  const { id, loginJwt } = await createBackEnd(home);
  return { integration_id: id, integration_jwt: loginJwt() };
}

/** A token like the home's own, but near its end. */
async function expiringToken({ dataDir }: TestHub, { token, session }: Home): Promise<string> {
  const keys = new SigningKeys({
    dataDir,
    now: Date.now,
    signingMs: limits.signingKeyMs,
    verifyingMs: limits.tokenMs,
  });
  const payload = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  const { public_key, identity_type } = payload;
  const now = Date.now();
  return signToken(keys, {
    purpose: "access",
    identityId: session.identityId,
    payload: { public_key, identity_type },
    now,
    expiresAt: now + limits.tokenWarningMs / 2,
  });
}
