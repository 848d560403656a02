import { connect, type Socket } from "node:net";
import type { Listener, OpenListeners, Transport } from "./audience.ts";
import { type Counter, clientFrame, FrameCounter, SseCounter } from "./counters.ts";

/**
 * Many listeners as light as they can be: bare sockets that count events in what comes. The parent
 * says `{open: …}`, `{count: true}` and `{close: true}`, and is answered. Anything that is not as
 * it should be ends the process.
 */
interface Command {
  readonly open?: OpenListeners;
  readonly count?: true;
  readonly close?: true;
}

const sockets = new Set<Socket>();
let events = 0;

process.on("message", (command: Command) => {
  if (command.open) void open(command.open);
  if (command.count) process.send?.({ events });
  if (command.close) {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    process.send?.({ events });
  }
});
process.on("disconnect", () => process.exit());

async function open({ transport, port, listeners }: OpenListeners): Promise<void> {
  // In small groups: a listen queue holds a few hundred.
  for (let i = 0; i < listeners.length; i += 50) {
    const group = listeners.slice(i, i + 50);
    await Promise.all(group.map((listener, j) => openOne(transport, port, listener, i + j)));
  }
  process.send?.({ events });
}

/** Resolves when the server has taken it in. */
function openOne(
  transport: Transport,
  port: number,
  listener: Listener,
  index: number,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Limits are per identity and per address; the loopback network has sixteen million of these.
  const localAddress = `127.0.${1 + (index >> 7)}.${1 + (index & 127)}`;
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  socket.setNoDelay(true);
  const status = transport === "sse" ? " 200 " : " 101 ";
  const counter = counterOf(transport, socket, listener, resolve);
  let head: Buffer | undefined = Buffer.alloc(0);
  socket.on("data", (bytes: Buffer) => {
    if (head === undefined) {
      counter.take(bytes);
      return;
    }
    head = Buffer.concat([head, bytes]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    const text = head.toString("latin1", 0, end);
    if (!text.startsWith(`HTTP/1.1${status}`)) {
      reject(new Error(`${listener.path} was answered with ${text}`));
      return;
    }
    const rest = head.subarray(end + 4);
    head = undefined;
    const { subscribe } = listener;
    if (subscribe === undefined) resolve();
    else socket.write(subscribeFrame(subscribe));
    counter.take(rest);
  });
  socket.on("error", reject);
  socket.on("close", () => {
    if (sockets.has(socket)) throw new Error(`the server closed listener ${index}`);
  });
  socket.write(requestOf(transport, listener, index));
  sockets.add(socket);
  return promise;
}

function requestOf(transport: Transport, { path, subscribe }: Listener, index: number): string {
  const lines = [`GET ${path} HTTP/1.1`, "Host: 127.0.0.1", `Authorization: Bearer ${index}`];
  if (transport === "sse") {
    lines.push("Accept: text/event-stream");
  } else {
    lines.push("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13");
    lines.push(`Sec-WebSocket-Key: ${Buffer.alloc(16, index).toString("base64")}`);
    if (subscribe !== undefined) lines.push("Sec-WebSocket-Protocol: novacore.v1");
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function subscribeFrame({ id, site }: NonNullable<Listener["subscribe"]>): Buffer {
  const text = JSON.stringify({ op: "subscribe", id, sites: [site] });
  return clientFrame(opcodes.text, Buffer.from(text));
}

function counterOf(
  transport: Transport,
  socket: Socket,
  listener: Listener,
  onSubscribed: () => void,
): Counter {
  const onEvent = () => {
    events++;
  };
  if (transport === "sse") return new SseCounter(onEvent);
  return new FrameCounter((opcode, body) => {
    switch (opcode) {
      case opcodes.text:
        // Of what the hub sends, only readings count; the others send nothing else.
        if (listener.subscribe === undefined || startsWith(body, readingStart)) onEvent();
        else if (startsWith(body, subscribedStart)) onSubscribed();
        else if (startsWith(body, errorStart)) throw new Error(body.toString());
        break;
      case opcodes.ping:
        socket.write(clientFrame(opcodes.pong, body));
        break;
      default:
        throw new Error(`a frame of opcode ${opcode} came: ${body.toString("latin1")}`);
    }
  });
}

const opcodes = { text: 1, ping: 9, pong: 10 } as const;
const readingStart = Buffer.from('{"op":"reading"');
const subscribedStart = Buffer.from('{"op":"subscribed"');
const errorStart = Buffer.from('{"op":"error"');

function startsWith(body: Buffer, start: Buffer): boolean {
  if (body.length < start.length) return false;
  return body.compare(start, 0, start.length, 0, start.length) === 0;
}
