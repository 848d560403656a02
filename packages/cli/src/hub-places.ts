import type { Novacore } from "@novacore/client";

/** How readings get in. */
export const waysIn = ["mqtt", "nats", "http"] as const;

/** Where a hub takes readings besides its REST address, as `mqtt://host:1883` and `nats://host:4222`. */
export interface HubPlaces {
  readonly mqttUrl: string;
  readonly natsUrl: string;
}

/** As the hub's own description of its servers tells; `hubUrl` is where it is reached. */
export async function askPlaces(
  nova: Novacore,
  hubUrl: string,
  signal: AbortSignal,
): Promise<HubPlaces> {
  const { servers } = await nova.request<AsyncApi>("GET", "asyncapi.json", { signal });
  const { hostname } = new URL(hubUrl);
  return { mqttUrl: urlOf(servers.mqtt, hostname), natsUrl: urlOf(servers.nats, hostname) };
}

interface AsyncApi {
  readonly servers: { readonly mqtt: Server; readonly nats: Server };
}

interface Server {
  /** `{host}` stands for whatever name the hub is reached by. */
  readonly host: string;
  readonly protocol: string;
}

function urlOf({ host, protocol }: Server, hostname: string): string {
  const scheme = protocol === "secure-mqtt" ? "mqtts" : protocol;
  return `${scheme}://${host.replace("{host}", hostname)}`;
}
