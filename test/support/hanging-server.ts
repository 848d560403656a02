import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import type { TestContext } from "node:test";
import { createConditions } from "./conditions.ts";

/** Stands in front of a server, and can keep from it what clients send, as a network does that hangs. */
export interface HangingServer {
  readonly endpoint: string;
  hang(): void;
  goOn(): void;
  /** Resolves when something was sent on so many connections since it hangs. */
  untilAsked(connections: number): Promise<unknown>;
}

/** `endpoint` is the server's that stands behind it. */
export async function startHangingServer(t: TestContext, endpoint: string): Promise<HangingServer> {
  const { hostname, port } = new URL(endpoint);
  const sockets = new Set<Socket>();
  const hung = new Set<Socket>();
  const conditions = createConditions();
  let isOpen = Promise.resolve();
  let open = () => {};
  const server = createServer((socket) => {
    const upstream = connect(Number(port), hostname);
    sockets.add(socket).add(upstream);
    const pass = async function* () {
      for await (const chunk of socket) {
        hung.add(socket);
        conditions.changed();
        await isOpen;
        hung.delete(socket);
        yield chunk;
      }
    };
    const end = () => {
      socket.destroy();
      upstream.destroy();
    };
    Promise.all([pipeline(pass, upstream), pipeline(upstream, socket)]).then(end, end);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it has no port");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    hang() {
      const { promise, resolve } = Promise.withResolvers<void>();
      isOpen = promise;
      open = resolve;
    },
    goOn: () => open(),
    untilAsked: (connections) =>
      conditions.until(`${connections} wait for the server`, () => hung.size >= connections),
  };
}
