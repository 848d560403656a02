import { connect, type Msg } from "@nats-io/transport-node";
import { encodeCursor } from "@novacore/protocol";
import { WebSocket, WebSocketServer } from "ws";

/**
 * A broadcast loop on the `ws` package as it is usually written, to compare the hub with: the same
 * live readings, put into the same envelope once, then one `send` for each client of the site. It
 * has no authentication, filters, queues, replay or heartbeats. Arguments: the port of nats-server.
 * Tells its parent the port it listens on.
 */
const nats = await connect({ port: Number(process.argv[2]) });
const clientsBySite = new Map<string, Set<WebSocket>>();
const epoch = Date.now();

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", clientTracking: false });
server.on("connection", (client, request) => {
  const site = request.url?.slice(1) ?? "";
  const clients = clientsBySite.get(site) ?? subscribe(site);
  clients.add(client);
  client.on("close", () => clients.delete(client));
});
server.on("listening", () => {
  const address = server.address();
  process.send?.({ port: typeof address === "object" ? address?.port : undefined });
});
process.on("disconnect", () => process.exit());
process.on("SIGTERM", () => process.exit());

function subscribe(site: string): Set<WebSocket> {
  const clients = new Set<WebSocket>();
  clientsBySite.set(site, clients);
  nats.subscribe(`live.orgs.org-1.sites.${site}.>`, {
    callback: (error, message) => {
      if (error === null) broadcast(clients, message);
    },
  });
  return clients;
}

function broadcast(clients: ReadonlySet<WebSocket>, message: Msg): void {
  const sequence = Number(message.headers?.get("Nats-Sequence"));
  const cursor = encodeCursor({ epoch, sequence });
  const text = `{"op":"reading","id":"s","cursor":"${cursor}","reading":${message.string()}}`;
  // As bytes, which is the cheaper way: a string would be encoded again for each client.
  const bytes = Buffer.from(text);
  for (const client of clients) {
    if (client.readyState === WebSocket.OPEN) client.send(bytes, { binary: false });
  }
}
