import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { type Conditions, createConditions } from "./conditions.ts";

/** Speaks NATS as far as a login, without TLS: what stands in the way and takes TLS off. */
export interface NatsImposter {
  /** `host:port`. */
  readonly address: string;
  /** The protocol's lines that it was sent: of logins, CONNECT. */
  readonly lines: readonly string[];
  /** Connections that came so far, and that are open. */
  readonly counts: { readonly connected: number; readonly open: number };
  readonly until: Conditions["until"];
}

/** `isSilent`: it takes connections and says nothing. It answers no request in either case. */
export async function startNatsImposter(
  t: TestContext,
  { isSilent = false }: { isSilent?: boolean } = {},
): Promise<NatsImposter> {
  const sockets = new Set<Socket>();
  const lines: string[] = [];
  const conditions = createConditions();
  let connected = 0;
  const server = createServer((socket) => {
    connected++;
    sockets.add(socket);
    if (!isSilent) socket.write(greeting);
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      lines.push(...text.split("\r\n"));
      if (/^PING\r$/m.test(text)) socket.write("PONG\r\n");
      conditions.changed();
    });
    socket.on("error", () => undefined); // whoever is cut off may say so
    socket.on("close", () => {
      sockets.delete(socket);
      conditions.changed();
    });
    conditions.changed();
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
    ...{ address: `127.0.0.1:${address.port}`, lines, until: conditions.until },
    get counts() {
      return { connected, open: sockets.size };
    },
  };
}

const info = { server_id: "X", version: "2.12.0", proto: 1, headers: true, max_payload: 1_048_576 };
const greeting = `INFO ${JSON.stringify(info)}\r\n`;
