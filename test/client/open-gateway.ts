import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import {
  Gateway,
  type GatewayEvent,
  GatewayKey,
  type GatewayOptions,
} from "@novacore/client/gateway";
import type { VirtualGateway } from "@novacore/simulator";
import { type Conditions, createConditions } from "../support/conditions.ts";
import { type Program, startProgram } from "../support/program.ts";

interface Addresses {
  readonly url: string;
  readonly natsUrl: string;
  readonly mqttUrl: string;
}

export type Via = GatewayOptions["via"];

/** Every way that a gateway can publish on. */
export const ways: readonly Via[] = ["http", "mqtt", "nats"];

/** The way's own options, with the addresses of the hub. */
export function wayTo({ url, mqttUrl, natsUrl }: Addresses, via: Via) {
  switch (via) {
    case "http":
      return { baseUrl: url, via };
    case "mqtt":
      return { baseUrl: url, via, mqttUrl };
    case "nats":
      return { baseUrl: url, via, natsUrl };
  }
}

export function keyOf({ privateKey }: VirtualGateway): GatewayKey {
  return GatewayKey.fromPem(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
}

/** Soon back, so that tests need not wait. */
export const quick = { backoffMs: 20, backoffMostMs: 200 };

export interface OpenGateway {
  readonly gateway: Gateway;
  readonly events: readonly GatewayEvent[];
  readonly until: Conditions["until"];
}

type Choice = Partial<Omit<Extract<GatewayOptions, { via: "mqtt" }>, "via" | "mqttUrl">>;

/** Opens a gateway with its events on record; it is closed when the test ends. */
export async function openGateway(
  t: TestContext,
  hub: Addresses,
  via: Via,
  { serial, key, ...options }: { serial: string; key: GatewayKey } & Choice,
): Promise<OpenGateway> {
  const spoolPath = options.spoolPath ?? (await spoolFolder(t));
  const gateway = await Gateway.open({
    ...{ timing: quick, ...options, serial, key, spoolPath },
    ...wayTo(hub, via),
  });
  t.after(() => gateway.close());
  const events: GatewayEvent[] = [];
  const conditions = createConditions();
  gateway.onEvent((event) => {
    events.push(event);
    conditions.changed();
  });
  return { gateway, events, until: conditions.until };
}

/** Starts the program that is to be killed, with a module before it if one is given. */
export function startGatewayProgram(
  options: object,
  { env = {}, preloaded }: { env?: Readonly<Record<string, string>>; preloaded?: string } = {},
): Program {
  const before = preloaded === undefined ? [] : ["--import", preloaded];
  const path = fileURLToPath(new URL("gateway-program.ts", import.meta.url));
  return startProgram(process.execPath, [...before, path, JSON.stringify(options)], { env });
}

export async function spoolFolder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "novacore-spool-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
