import type { EnrichedReading } from "@novacore/protocol";
import { chromiumPath } from "../browser/browser.ts";
import { connectBackEnd, createBackEnd } from "../support/back-end.ts";
import { createConditions } from "../support/conditions.ts";
import { createApi, type Home } from "../support/home.ts";
import { listen } from "../support/listener.ts";
import { openSocket } from "../support/socket.ts";
import { clientTransports, openClient, openPageClient } from "./client-ears.ts";
import { type Ear, findReading } from "./ear.ts";

export interface WayOut {
  readonly name: string;
  /** Why it cannot be had on this machine. */
  readonly skip?: string | false;
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
  ...clientTransports.flatMap((transport): WayOut[] => [
    { name: `the client by ${transport}`, open: (home) => openClient(home, transport) },
    {
      name: `the client by ${transport} in Chromium`,
      skip: chromiumPath === undefined && "Chromium is not installed",
      open: (home) => openPageClient(home, transport),
    },
  ]),
];

async function openSse(home: Home): Promise<Ear> {
  const path = `${home.url}/stream/sites/${home.siteId}`;
  const listener = await listen(path, { token: home.token });
  return {
    hears: (derId, timestamp) =>
      listener.until("the reading arrives", () =>
        findReading(listener.readings(), derId, timestamp),
      ),
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
      socket.until("the reading arrives", () => findReading(readings, derId, timestamp)),
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
      conditions.until("the reading arrives", () => findReading(readings, derId, timestamp)),
    close: () => connection.close(),
  };
}
