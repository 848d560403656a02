import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** Just enough of an MQTT 3.1.1 server to see what a gateway sends: it accepts and acknowledges. */
export interface RecordingBroker {
  readonly url: string;
  /** The password of each CONNECT, in order. */
  readonly passwords: readonly string[];
  readonly payloads: readonly string[];
  /** Whether CONNECT is accepted (else: not authorized). */
  accepts: boolean;
  /** Whether what is published is acknowledged. */
  acknowledges: boolean;
  dropConnections(): void;
  /** Resolves once `holds` does; checked after every packet. */
  until(holds: () => boolean): Promise<void>;
  close(): Promise<void>;
}

const packetTypes = { connect: 1, publish: 3, pingRequest: 12, disconnect: 14 };

export async function startRecordingBroker(port = 0): Promise<RecordingBroker> {
  const sockets = new Set<Socket>();
  const passwords: string[] = [];
  const payloads: string[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    let received: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (let packet = takePacket(received); packet; packet = takePacket(received)) {
        received = packet.rest;
        answer(socket, packet);
      }
      for (const check of waiting) check();
    });
  });

  const answer = (socket: Socket, { type, body }: Packet) => {
    if (type === packetTypes.connect) {
      passwords.push(lastField(body));
      socket.write(Buffer.from([0x20, 2, 0, broker.accepts ? 0 : 5]));
    } else if (type === packetTypes.publish) {
      const topicEnd = 2 + body.readUInt16BE(0);
      payloads.push(body.subarray(topicEnd + 2).toString());
      if (broker.acknowledges)
        socket.write(Buffer.from([0x40, 2, body[topicEnd] ?? 0, body[topicEnd + 1] ?? 0]));
    } else if (type === packetTypes.pingRequest) {
      socket.write(Buffer.from([0xd0, 0]));
    } else if (type === packetTypes.disconnect) {
      socket.end();
    }
  };

  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const listening = typeof address === "object" && address !== null ? address.port : port;
  const broker: RecordingBroker = {
    url: `mqtt://127.0.0.1:${listening}`,
    passwords,
    payloads,
    accepts: true,
    acknowledges: true,
    dropConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
    until: (holds) =>
      new Promise((resolve) => {
        const check = () => {
          if (!holds()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
  return broker;
}

interface Packet {
  readonly type: number;
  readonly body: Buffer;
  readonly rest: Buffer;
}

/** MQTT 3.1.1, 2.2: type in the first four bits, then the length of the rest, seven bits a byte. */
function takePacket(bytes: Buffer): Packet | undefined {
  let length = 0;
  for (let i = 1; i < Math.min(5, bytes.length); i++) {
    const byte = bytes[i] ?? 0;
    length += (byte & 0x7f) << (7 * (i - 1));
    if (byte & 0x80) continue;
    const end = i + 1 + length;
    if (bytes.length < end) return undefined;
    const type = (bytes[0] ?? 0) >> 4;
    return { type, body: bytes.subarray(i + 1, end), rest: bytes.subarray(end) };
  }
  return undefined;
}

/** The last of a CONNECT's length-prefixed fields is the password. */
function lastField(body: Buffer): string {
  let offset = 10; // protocol name, level, flags, keep-alive
  let field = "";
  while (offset + 2 <= body.length) {
    const end = offset + 2 + body.readUInt16BE(offset);
    field = body.subarray(offset + 2, end).toString();
    offset = end;
  }
  return field;
}
