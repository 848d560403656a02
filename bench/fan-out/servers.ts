import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Transport } from "./audience.ts";
import { publishBatch } from "./nats.ts";
import { hasNchan, NchanPublisher, startNchan } from "./nchan.ts";
import type { Processes } from "./processes.ts";

/** One of those that are compared. */
export interface Server {
  readonly name: string;
  readonly transport: Transport;
  readonly pid: number;
  readonly port: number;
  /** Sites of its own, so that a reading for one server wakes no other. */
  siteOf(index: number): string;
  /** Where a listener of a site connects. */
  pathOf(site: string): string;
  /** Whether listeners name their site in a `subscribe` frame. */
  readonly subscribes: boolean;
  /** Readings of one site that belong together. */
  publish(site: string, payloads: readonly string[]): void;
  /** Publishes nothing more. */
  close(): void;
}

interface Surroundings {
  readonly nats: NatsConnection;
  readonly folder: string;
  readonly processes: Processes;
}

/** Ours first. */
export async function startServers(
  transport: Transport,
  surroundings: Surroundings,
): Promise<readonly Server[]> {
  const servers = [await startHub(transport, surroundings)];
  if (transport === "websocket") servers.push(await startBroadcast(surroundings));
  if (hasNchan()) {
    servers.push(await startNginx(transport, surroundings));
  } else {
    console.log("Nchan is not here (Debian: nginx-light, libnginx-mod-nchan): no comparison.");
  }
  return servers;
}

async function startHub(transport: Transport, { nats, processes }: Surroundings): Promise<Server> {
  const subscribes = transport === "websocket";
  return {
    ...{ name: "Novacore", transport, subscribes },
    ...(await processes.fork("./hub.ts", [natsPort(nats)])),
    siteOf: (index) => `sit-hub-${index}`,
    pathOf: (site) => (subscribes ? "/ws" : `/stream/sites/${site}`),
    publish: (site, payloads) => publishBatch(nats, site, payloads),
    close: () => undefined,
  };
}

async function startBroadcast({ nats, processes }: Surroundings): Promise<Server> {
  return {
    ...{ name: "plain ws", transport: "websocket", subscribes: false },
    ...(await processes.fork("./broadcast.ts", [natsPort(nats)])),
    siteOf: (index) => `sit-raw-${index}`,
    pathOf: (site) => `/${site}`,
    publish: (site, payloads) => publishBatch(nats, site, payloads),
    close: () => undefined,
  };
}

async function startNginx(
  transport: Transport,
  { folder, processes }: Surroundings,
): Promise<Server> {
  const started = await startNchan(join(folder, `nchan-${transport}`), processes);
  const posts = new NchanPublisher(started.port);
  return {
    ...{ name: "Nchan", transport, subscribes: false },
    ...started,
    siteOf: (index) => `sit-ngx-${index}`,
    pathOf: (site) => `/stream/sites/${site}`,
    publish: (site, payloads) => posts.publish(site, payloads),
    close: () => posts.close(),
  };
}

function natsPort(nats: NatsConnection): string {
  return nats.getServer().split(":").at(-1) ?? "";
}
