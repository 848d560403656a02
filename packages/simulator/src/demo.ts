import { setTimeout as delay } from "node:timers/promises";
import { gatewayTelemetrySubject, sanitiseHardwareId } from "@novacore/protocol";
import { type DemoDetails, readEarlierHome, writeDemoFile } from "./demo-file.ts";
import { type DemoIdentity, readDemoIdentity } from "./demo-identity.ts";
import {
  claimGateway,
  createOrganization,
  createSite,
  logIn,
  provisionHome,
  type Session,
  signUp,
} from "./enrol.ts";
import { createHome, type Home } from "./home.ts";
import type { Log } from "./log.ts";
import { homeDevices } from "./readings.ts";
import { RestError } from "./rest-client.ts";
import { connectUplink, type Uplink } from "./uplink.ts";

export interface DemoOptions {
  readonly baseUrl: string;
  readonly wsUrl: string;
  readonly natsUrl: string;
  readonly mqttUrl: string;
  /** Keys are kept in `demo/` in it, and `demo.json` is written there, both readable by the owner. */
  readonly dataDir: string;
  readonly log: Log;
  /** Ends the demo. */
  readonly signal: AbortSignal;
}

export interface Demo {
  readonly details: DemoDetails;
  /** Resolves once the signal has ended the demo and what was under way is settled. */
  readonly stopped: Promise<void>;
}

/** Half of what a token lives, so a night without network still leaves hours to renew it. */
const renewAfterMs = 12 * 3_600_000;
const renewCheckMs = 60_000;
const stateMs = 15_000;
/** A hub that was just started, or is being replaced, answers within this time. */
const hubWaitMs = 30_000;
const hubRetryMs = 500;

/**
 * Enrols the demo's home by the public API alone, as any gateway is, and publishes it once a second.
 * Resolves at the first reading that the hub acknowledged; rejects when the hub refuses the home or
 * cannot be reached. A later start goes on with the same identities, site and counters.
 */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { dataDir, log } = options;
  const identity = readDemoIdentity(dataDir, Date.now());
  const { gateway } = identity;
  const details = await whenHubAnswers(() => enrol(options, identity), options.signal);
  writeDemoFile(dataDir, details);

  const giveUp = new AbortController();
  const signal = AbortSignal.any([options.signal, giveUp.signal]);
  const home = createHome({ utcOffsetHours: identity.utcOffsetHours });
  const uplink = connectUplink({ gateway, mqttUrl: options.mqttUrl, log });
  const running = Promise.all([
    publishHome(home, gateway.serial, uplink, signal),
    publishState(gateway.serial, uplink, signal),
    renewToken({ ...options, signal }, identity, details),
  ]);
  const stopped = running.then(() => uplink.close());
  const overdue = pause(hubWaitMs, signal).then(() => "overdue" as const);
  const first = await Promise.race([uplink.acknowledged, stopped, overdue]);
  if (first === "overdue" && !signal.aborted) {
    giveUp.abort();
    await stopped;
    throw new Error(
      `no reading was acknowledged within ${hubWaitMs / 1000} s at ${options.mqttUrl}; ` +
        "the log says why the gateway's login or its messages were refused.",
    );
  }
  return { details, stopped };
}

/** The token and the place: an earlier start's organization and site where they are still ours. */
async function enrol(options: DemoOptions, identity: DemoIdentity): Promise<DemoDetails> {
  const { gateway, person, timezone } = identity;
  const session = await signUp(options.baseUrl, person, "Demo");
  const earlier = readEarlierHome(options.dataDir);
  const { orgId, siteId } =
    earlier !== undefined && (await isThere(session, earlier))
      ? earlier
      : await createPlace(session, timezone);
  await claimGateway(session, { orgId, gateway });
  await provisionHome(session, { serial: gateway.serial, siteId });
  return {
    base_url: options.baseUrl,
    ws_url: options.wsUrl,
    nats_url: options.natsUrl,
    mqtt_url: options.mqttUrl,
    org_id: orgId,
    site_id: siteId,
    token: session.token,
    identity_id: session.identityId,
    gateway_serial: gateway.serial,
  };
}

async function createPlace(session: Session, timezone: string) {
  const orgId = await createOrganization(session, "Demo");
  const siteId = await createSite(session, { orgId, name: "Demo home", timezone });
  return { orgId, siteId };
}

async function isThere({ rest }: Session, place: { orgId: string; siteId: string }) {
  try {
    const site = await rest.get(`/sites/${place.siteId}`);
    return site.org_id === place.orgId;
  } catch (error) {
    if (error instanceof RestError && error.status === 404) return false; // another registry
    throw error;
  }
}

async function publishHome(home: Home, serial: string, uplink: Uplink, signal: AbortSignal) {
  for await (const timeMs of ticks(1_000, signal)) {
    const state = home.at(timeMs);
    for (const { hardwareId, der, read } of homeDevices) {
      const subject = gatewayTelemetrySubject({
        serial,
        hardwareId: sanitiseHardwareId(hardwareId),
        der: der.name,
      });
      uplink.publish(topicOf(subject), JSON.stringify(read(state, timeMs)));
    }
  }
}

async function publishState(serial: string, uplink: Uplink, signal: AbortSignal) {
  for await (const timeMs of ticks(stateMs, signal)) {
    const devices = homeDevices.map(({ hardwareId, der }) => ({
      sn: hardwareId,
      connected: true,
      ders: [der.type],
    }));
    const timestamp = Math.floor(timeMs / 1000); // of the state message alone: whole seconds
    const state = { serial, version: "0.1.0", platform: "simulator", devices, timestamp };
    uplink.publish(topicOf(`gateways.${serial}.state.json.v1`), JSON.stringify(state));
  }
}

/** Checks by the clock instead of one long timer: a laptop that slept must not miss the renewal. */
async function renewToken(options: DemoOptions, { person }: DemoIdentity, details: DemoDetails) {
  let issuedMs = Date.now();
  for await (const nowMs of ticks(renewCheckMs, options.signal)) {
    if (nowMs - issuedMs < renewAfterMs) continue;
    try {
      const { token } = await logIn(options.baseUrl, person);
      writeDemoFile(options.dataDir, { ...details, token });
      issuedMs = nowMs;
    } catch (error) {
      options.log.warn({ reason: reasonOf(error) }, "the demo's token could not be renewed yet");
    }
  }
}

/** The time now, then at every following multiple of the interval, until the signal. */
async function* ticks(intervalMs: number, signal: AbortSignal): AsyncGenerator<number> {
  while (!signal.aborted) {
    const nowMs = Date.now();
    yield nowMs;
    await pause(intervalMs - (Date.now() % intervalMs), signal);
  }
}

/** Waits, or returns early when the signal comes. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function whenHubAnswers<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const giveUpMs = Date.now() + hubWaitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const isRefusal = error instanceof RestError && error.status < 500 && error.status !== 429;
      if (isRefusal || signal.aborted || Date.now() > giveUpMs) throw error;
      await pause(hubRetryMs, signal);
    }
  }
}

function topicOf(subject: string): string {
  return subject.replaceAll(".", "/");
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
