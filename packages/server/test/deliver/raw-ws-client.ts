import { connect, type Socket } from "node:net";
import { until } from "./stream-hub.ts";

interface RawFrame {
  readonly opcode: number;
  readonly isCompressed: boolean;
  readonly payload: Buffer;
}

/** A WebSocket on a bare socket that does nothing by itself: it answers no ping and no close. */
export class RawWsClient {
  readonly socket: Socket;
  readonly frames: RawFrame[] = [];
  head = "";
  isClosed = false;
  #raw = Buffer.alloc(0);

  private constructor(port: number, extensions: string | undefined) {
    // Half-open, so that the other end's goodbye is not answered either.
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const headers = [
      "GET /ws HTTP/1.1",
      "Host: 127.0.0.1",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: novacore.v1",
      ...(extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]),
      "Authorization: Bearer idt-1",
    ];
    this.socket.write(`${headers.join("\r\n")}\r\n\r\n`);
    this.socket.on("data", (bytes) => this.#receive(Buffer.from(bytes)));
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.isClosed = true;
    });
  }

  /** Connects and waits until the hub knows who is there. */
  static async open(port: number, extensions?: string): Promise<RawWsClient> {
    const client = new RawWsClient(port, extensions);
    await until(() => client.texts.some((text) => text.includes('"authenticated"')), "it is known");
    return client;
  }

  get texts(): string[] {
    return this.frames
      .filter(({ opcode, isCompressed }) => opcode === 1 && !isCompressed)
      .map(({ payload }) => payload.toString());
  }

  get pings(): number {
    return this.frames.filter(({ opcode }) => opcode === 9).length;
  }

  send(frame: object): void {
    this.sendRaw(1, Buffer.from(JSON.stringify(frame)));
  }

  /** A whole frame, masked with zeros: the mask changes nothing. */
  sendRaw(opcode: number, payload: Buffer, flags = 0x80): void {
    const { length } = payload;
    const size = length < 126 ? [length] : [126, length >>> 8, length & 255];
    const [first = 0, ...rest] = size;
    const head = Buffer.from([flags | opcode, 0x80 | first, ...rest, 0, 0, 0, 0]);
    this.socket.write(Buffer.concat([head, payload]));
  }

  async untilText(part: string): Promise<void> {
    await until(() => this.texts.some((text) => text.includes(part)), `${part} comes`);
  }

  #receive(bytes: Buffer): void {
    this.#raw = Buffer.concat([this.#raw, bytes]);
    if (this.head === "") {
      const end = this.#raw.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.head = this.#raw.toString("latin1", 0, end);
      this.#raw = this.#raw.subarray(end + 4);
    }
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
      this.frames.push(frame);
    }
  }

  #next(): RawFrame | undefined {
    const raw = this.#raw;
    const short = (raw[1] ?? 0) & 0x7f;
    const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (raw.length < headBytes) return undefined;
    const length = short < 126 ? short : short === 126 ? raw.readUInt16BE(2) : raw.readUIntBE(4, 6);
    if (raw.length < headBytes + length) return undefined;
    this.#raw = raw.subarray(headBytes + length);
    const first = raw[0] ?? 0;
    const payload = raw.subarray(headBytes, headBytes + length);
    return { opcode: first & 0x0f, isCompressed: (first & 0x40) !== 0, payload };
  }
}
