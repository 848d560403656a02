import { createServer, request } from "node:http";

export interface BufferingProxy {
  readonly url: string;
  close(): Promise<void>;
}

/** A reverse proxy that was set up badly: it gathers answers whole, and passes no upgrade on. */
export async function startBufferingProxy(target: string): Promise<BufferingProxy> {
  const server = createServer((incoming, answer) => {
    const { method, headers, url = "" } = incoming;
    const onward = request(new URL(url, target), { method, headers }, (upstream) => {
      const chunks: Buffer[] = [];
      upstream.on("data", (chunk: Buffer) => chunks.push(chunk));
      upstream.on("end", () => {
        answer.writeHead(upstream.statusCode ?? 502, { "content-type": "application/json" });
        answer.end(Buffer.concat(chunks));
      });
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  server.on("upgrade", (_request, socket) => {
    socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
