import { connect, createServer, type Socket } from "node:net";

/** A TCP proxy on 127.0.0.1 whose connections can be cut and held up, as a network does it. */
export interface CuttableProxy {
  readonly url: string;
  /** The heads of all HTTP requests that came through, in order. */
  readonly requestHeads: readonly string[];
  /** Cuts every connection, and every new one until `restore`. */
  cut(): void;
  restore(): void;
  /** Nothing gets through, and nobody is told, until `thaw`. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** Every connection is cut when it is so old. Default: none is. */
  readonly lifeMs?: number;
}

/** `target`: base URL of an HTTP server. */
export async function startCuttableProxy(
  target: string,
  { lifeMs }: ProxyOptions = {},
): Promise<CuttableProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const requestHeads: string[] = [];
  let isCut = false;
  let isFrozen = false;
  const server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(port), hostname);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      if (isFrozen) socket.pause();
      socket.on("data", (chunk) => other.write(chunk));
      // Whatever ended the one end, a reset included, ends the other.
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    if (lifeMs !== undefined) {
      const life = setTimeout(() => client.destroy(), lifeMs);
      client.once("close", () => clearTimeout(life));
    }
    client.on("data", (chunk) => {
      const text = chunk.toString();
      if (/^[A-Z]+ \S+ HTTP\/1\.1\r\n/.test(text)) requestHeads.push(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    requestHeads,
    cut() {
      isCut = true;
      cutAll();
    },
    restore() {
      isCut = false;
    },
    freeze() {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      cutAll();
      await closed;
    },
  };
}
