import { connect } from "@nats-io/transport-node";
import { NovacoreError } from "@novacore/protocol";
import { readConfig } from "../../packages/server/src/config.ts";
import { createDelivery } from "../../packages/server/src/deliver/delivery.ts";
import { OpenConnections } from "../../packages/server/src/deliver/open-connections.ts";
import { sseRoutes } from "../../packages/server/src/deliver/sse.ts";
import type { StreamAccess } from "../../packages/server/src/deliver/stream-access.ts";
import {
  createWebSocketDoor,
  webSocketRoutes,
} from "../../packages/server/src/deliver/websocket.ts";
import { createHttpApp } from "../../packages/server/src/http-app.ts";
import { createLog } from "../../packages/server/src/observe/log.ts";

/**
 * The delivering half of a hub as a process of its own: everybody may listen to everything, by the
 * name in the token. Arguments: the port of nats-server. Tells its parent the port it listens on.
 */
const port = Number(process.argv[2]);
const [connection, readConnection] = await Promise.all([connect({ port }), connect({ port })]);
const none = () => undefined;
const log = createLog("error");
const counter = { inc: none, dec: none, set: none, observe: none };
const access: StreamAccess = {
  authenticate: async ({ headers }) => callerOf(headers.authorization ?? ""),
  authenticateBy: async ({ token }) => callerOf(token ?? ""),
  authorizeSite: async (_caller, siteId) => ({ orgId: "org-1", siteId }),
  authorizeDevice: notHere,
  authorizeDer: notHere,
  authorizeOrg: async () => [],
  onRevoked: () => none,
  onGrantsChanged: () => none,
  issueTicket: notHere,
};
const delivery = await createDelivery({
  connection,
  readConnection,
  log,
  metrics: { conflated: counter, gapsRepaired: counter, replays: counter, latency: counter },
});
const transport = {
  delivery,
  access,
  connections: new OpenConnections({ delivery, access, log }),
  log,
  metrics: { listeners: counter, slowClosed: counter, delivered: counter },
};
const app = await createHttpApp(readConfig({}), log);
await app.register(sseRoutes, transport);
const door = createWebSocketDoor({
  ...transport,
  addressOf: ({ socket }) => socket.remoteAddress ?? "",
  readingsIn: { publish: notHere },
});
await app.register(webSocketRoutes, door);
await app.listen({ port: 0, host: "127.0.0.1" });
const address = app.server.address();
process.send?.({ port: typeof address === "object" ? address?.port : undefined });
process.on("disconnect", () => process.exit());
process.on("SIGTERM", () => process.exit());

function callerOf(identityId: string) {
  return { identityId, expiresAt: Number.MAX_SAFE_INTEGER };
}

function notHere(): Promise<never> {
  return Promise.reject(new NovacoreError("not_found", "This benchmark has nothing of the kind."));
}
