import { connect, type Socket } from "node:net";

/**
 * Many SSE listeners as light as they can be: bare sockets that count "data: " in what comes. The
 * parent says `{open: {port, paths, count}}`, `{count: true}` and `{close: true}`, and is answered.
 */
interface Command {
  readonly open?: {
    readonly port: number;
    readonly paths: readonly string[];
    readonly count: number;
  };
  readonly count?: true;
  readonly close?: true;
}

const sockets = new Set<Socket>();
let events = 0;
let ready = 0;
const marker = Buffer.from("\ndata: ");

process.on("message", (command: Command) => {
  if (command.open) void open(command.open);
  if (command.count) process.send?.({ events, ready, open: sockets.size });
  if (command.close) {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    events = 0;
    ready = 0;
    process.send?.({ closed: true });
  }
});
process.on("disconnect", () => process.exit());

async function open({ port, paths, count }: NonNullable<Command["open"]>): Promise<void> {
  // In small groups: a listen queue holds a few hundred.
  for (let i = 0; i < count; i += 50) {
    const group = Array.from({ length: Math.min(50, count - i) }, (_, j) =>
      openOne(port, paths[(i + j) % paths.length] ?? "/", i + j),
    );
    await Promise.all(group);
  }
  process.send?.({ opened: sockets.size });
}

function openOne(port: number, path: string, index: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Limits are per identity and per address; the loopback network has sixteen million of these.
  const localAddress = `127.0.${1 + (index >> 7)}.${1 + (index & 127)}`;
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  let tail = Buffer.alloc(0);
  let isReady = false;
  socket.on("data", (bytes: Buffer) => {
    if (!isReady) {
      isReady = true;
      ready++;
      if (!bytes.toString("latin1", 0, 12).endsWith("200")) {
        reject(new Error(bytes.toString("latin1", 0, 300)));
      }
      resolve();
    }
    const text = tail.length > 0 ? Buffer.concat([tail, bytes]) : bytes;
    let from = 0;
    for (;;) {
      const at = text.indexOf(marker, from);
      if (at < 0) break;
      events++;
      from = at + marker.length;
    }
    tail = Buffer.from(text.subarray(Math.max(from, text.length - marker.length + 1)));
  });
  socket.on("error", reject);
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${index}\r\n\r\n`,
  );
  sockets.add(socket);
  return promise;
}
