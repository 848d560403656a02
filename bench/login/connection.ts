import { connect, type Socket } from "node:net";

/** What a client sends to be let in, for the nonce that the server gives it. */
export type Credentials = (nonce: string) => object;

export interface Connection {
  /** Resolves when the server has let it in; rejects when it did not. */
  readonly accepted: Promise<void>;
  /** Resolves when it has ended, from whichever side. */
  readonly ended: Promise<void>;
  end(): void;
}

/** The server said no, which is another thing than a server that is not there. */
export class LoginRefused extends Error {
  override readonly name = "LoginRefused";
}

/**
 * A NATS connection that logs in and answers pings, and nothing else: a client library costs more
 * CPU a login than the server does, and the two cores are shared.
 */
export function openConnection(url: string, credentials: Credentials): Connection {
  const { hostname, port } = new URL(url);
  const accepted = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let line = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    const lines = (line + text).split("\r\n");
    line = lines.pop() ?? "";
    for (const each of lines) answer(each, socket, credentials, accepted);
  });
  socket.on("error", (error) => accepted.reject(error));
  socket.on("close", () => {
    accepted.reject(new Error("the connection ended"));
    ended.resolve();
  });
  accepted.promise.catch(() => undefined); // whoever waits for it is told
  return { accepted: accepted.promise, ended: ended.promise, end: () => void socket.destroy() };
}

function answer(
  line: string,
  socket: Socket,
  credentials: Credentials,
  accepted: PromiseWithResolvers<void>,
): void {
  if (line.startsWith("INFO ")) {
    const { nonce = "" }: { nonce?: string } = JSON.parse(line.slice("INFO ".length));
    const options = { verbose: false, pedantic: false, lang: "bench", version: "1", protocol: 1 };
    const login = JSON.stringify({ ...options, ...credentials(nonce) });
    socket.write(`CONNECT ${login}\r\nPING\r\n`);
  }
  if (line === "PONG") accepted.resolve();
  if (line === "PING") socket.write("PONG\r\n");
  if (line.startsWith("-ERR")) accepted.reject(new LoginRefused(line));
}
