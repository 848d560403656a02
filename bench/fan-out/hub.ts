import { connect } from "@nats-io/transport-node";
import { readConfig } from "../../packages/server/src/config.ts";
import { createDelivery } from "../../packages/server/src/deliver/delivery.ts";
import { sseRoutes } from "../../packages/server/src/deliver/sse.ts";
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
const delivery = await createDelivery({
  connection,
  readConnection,
  log,
  metrics: { conflated: counter, gapsRepaired: counter, replays: counter, latency: counter },
});
const app = await createHttpApp(readConfig({}), log);
await app.register(sseRoutes, {
  delivery,
  log,
  metrics: { listeners: counter, slowClosed: counter, delivered: counter },
  access: {
    authenticate: async (request) => ({
      identityId: request.headers.authorization ?? "",
      expiresAt: Number.MAX_SAFE_INTEGER,
    }),
    authorizeSite: async (_caller, siteId) => ({ orgId: "org-1", siteId }),
    authorizeOrg: async () => [],
    onRevoked: () => none,
    onGrantsChanged: () => none,
    issueTicket: () => Promise.reject(new Error("not in this benchmark")),
  },
});
await app.listen({ port: 0, host: "127.0.0.1" });
const address = app.server.address();
process.send?.({ port: typeof address === "object" ? address?.port : undefined });
process.on("disconnect", () => process.exit());
process.on("SIGTERM", () => process.exit());
