import type { EnrichedReading } from "@novacore/protocol";
import { connectBackEnd, createBackEnd } from "../support/back-end.ts";
import { createConditions } from "../support/conditions.ts";
import { createApi, type Home } from "../support/home.ts";
import { listen } from "../support/listener.ts";
import { openSocket } from "../support/socket.ts";

/** Somebody who listens to the home's site. */
export interface Ear {
  /** Waits for the reading of a DER with this timestamp. */
  hears(derId: string, timestamp: number): Promise<EnrichedReading>;
  close(): Promise<void>;
}

export interface WayOut {
  readonly name: string;
  open(home: Home): Promise<Ear>;
}

/** Every way a reading gets out. A new transport is one more row here. */
export const waysOut: readonly WayOut[] = [
  { name: "SSE", open: openSse },
  { name: "WebSocket", open: (home) => openWebSocket(home, {}) },
  {
    name: "WebSocket, several readings a frame",
    open: (home) => openWebSocket(home, { batch_ms: 5 }),
  },
  { name: "NATS", open: (home) => openNats(home, "nats") },
  { name: "NATS over WebSocket", open: (home) => openNats(home, "websocket") },
];

async function openSse(home: Home): Promise<Ear> {
  const path = `${home.url}/stream/sites/${home.siteId}`;
  const listener = await listen(path, { token: home.token });
  return {
    hears: (derId, timestamp) =>
      listener.until("the reading arrives", () => find(listener.readings(), derId, timestamp)),
    close: () => listener.close(),
  };
}

async function openWebSocket(home: Home, options: object): Promise<Ear> {
  const readings: EnrichedReading[] = [];
  const socket = await openSocket(home.url, {
    token: home.token,
    onFrame(frame) {
      if (frame.op === "reading") readings.push(frame.reading);
      if (frame.op === "readings") readings.push(...frame.readings);
    },
  });
  socket.send({ op: "subscribe", id: "home", sites: [home.siteId], ...options });
  await socket.until("it is subscribed", () => socket.ops("subscribed")[0]);
  return {
    hears: (derId, timestamp) =>
      socket.until("the reading arrives", () => find(readings, derId, timestamp)),
    close: () => socket.close(),
  };
}

async function openNats(home: Home, url: "nats" | "websocket"): Promise<Ear> {
  const backEnd = await createBackEnd(home);
  const api = createApi(home.url, backEnd.loginJwt());
  const { urls } = await api("GET", `/nats/credentials?org_id=${home.orgId}`);
  const connection = await connectBackEnd(urls[url], backEnd);
  const readings: EnrichedReading[] = [];
  const conditions = createConditions();
  connection.subscribe(`orgs.${home.orgId}.sites.*.devices.*.ders.*.telemetry.json.v1`, {
    callback(_error, message) {
      readings.push(message.json());
      conditions.changed();
    },
  });
  await connection.flush();
  return {
    hears: (derId, timestamp) =>
      conditions.until("the reading arrives", () => find(readings, derId, timestamp)),
    close: () => connection.close(),
  };
}

function find(readings: readonly EnrichedReading[], derId: string, timestamp: number) {
  return readings.findLast(
    (reading) => reading.der_id === derId && reading.timestamp === timestamp,
  );
}
