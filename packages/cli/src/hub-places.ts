import type { Novacore } from "@novacore/client";
import { CommandFailed } from "./failure.ts";

/** How readings get in. */
export const waysIn = ["mqtt", "nats", "http"] as const;
export type WayIn = (typeof waysIn)[number];

/** Where a hub is reached, and takes readings beside that: `mqtt://host:1883` and `nats://host:4222`. */
export interface HubPlaces {
  readonly baseUrl: string;
  readonly mqttUrl: string;
  readonly natsUrl: string;
}

export interface GivenPlaces {
  readonly via: WayIn;
  readonly mqttUrl: string | undefined;
  readonly natsUrl: string | undefined;
}

/**
 * The given ones, else as the hub's own description of its servers tells. Throws CommandFailed where
 * the hub is reached by TLS and tells of MQTT without it: nobody has said that a gateway's login may
 * cross the network in the clear.
 */
export async function choosePlaces(
  nova: Novacore,
  baseUrl: string,
  { via, ...given }: GivenPlaces,
  signal: AbortSignal,
): Promise<HubPlaces> {
  const { servers } = await nova.request<AsyncApi>("GET", "asyncapi.json", { signal });
  const { hostname, protocol } = new URL(baseUrl);
  const isSecure = protocol === "https:";
  const mqttUrl = given.mqttUrl ?? mqttUrlOf(servers.mqtt, hostname);
  const natsUrl = given.natsUrl ?? natsUrlOf(servers.nats, hostname, isSecure);
  if (via === "mqtt" && given.mqttUrl === undefined && isSecure && !mqttUrl.startsWith("mqtts:")) {
    throw new CommandFailed(
      `The hub takes MQTT at ${mqttUrl}, without TLS: the gateway's login would cross the network in ` +
        `the clear. Choose another --via, or say by --mqtt-url ${mqttUrl} that it may.`,
    );
  }
  return { baseUrl, mqttUrl, natsUrl };
}

interface AsyncApi {
  readonly servers: { readonly mqtt: Server; readonly nats: Server };
}

interface Server {
  /** `{host}` stands for whatever name the hub is reached by. */
  readonly host: string;
  readonly protocol: string;
}

function mqttUrlOf({ host, protocol }: Server, hostname: string): string {
  const scheme = protocol === "secure-mqtt" ? "mqtts" : "mqtt";
  return `${scheme}://${host.replace("{host}", hostname)}`;
}

/** The hub does not tell whether its NATS has TLS: where REST has it, nobody logs in to one that has none. */
function natsUrlOf({ host }: Server, hostname: string, isSecure: boolean): string {
  return `${isSecure ? "tls" : "nats"}://${host.replace("{host}", hostname)}`;
}
