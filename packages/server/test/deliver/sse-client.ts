import { connect, type Socket } from "node:net";
import { until } from "./stream-hub.ts";

export interface SseEvent {
  readonly id: string;
  readonly name: string | undefined;
  readonly data: string;
}

export interface SseClientOptions {
  readonly port: number;
  readonly path: string;
  readonly identity?: string | undefined;
  readonly lastEventId?: string | undefined;
  readonly httpVersion?: "1.0" | "1.1";
  readonly method?: string;
}

/** An SSE client on a bare socket: it sees what is on the wire, and can stop reading. */
export class SseClient {
  readonly socket: Socket;
  readonly events: SseEvent[] = [];
  readonly comments: string[] = [];
  status = 0;
  head = "";
  /** As EventSource keeps it. */
  lastEventId = "";
  retryMs = 0;
  isClosed = false;
  /** The body ended as HTTP says it must, and not just with the connection. */
  hasEnd = false;
  #raw = Buffer.alloc(0);
  #text = "";
  #name: string | undefined;
  #id = "";
  #data: string[] = [];

  constructor(options: SseClientOptions) {
    const { port, path, identity = "idt-1", lastEventId, httpVersion = "1.1" } = options;
    this.socket = connect(port, "127.0.0.1");
    const headers = [
      `${options.method ?? "GET"} ${path} HTTP/${httpVersion}`,
      `Host: 127.0.0.1:${port}`,
      ...(identity === "" ? [] : [`Authorization: Bearer ${identity}`]),
      ...(lastEventId === undefined ? [] : [`Last-Event-ID: ${lastEventId}`]),
    ];
    this.socket.write(`${headers.join("\r\n")}\r\n\r\n`);
    this.socket.on("data", (bytes) => this.#receive(Buffer.from(bytes)));
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.isClosed = true;
    });
  }

  /** Opens and waits for the head of the answer. */
  static async open(options: SseClientOptions): Promise<SseClient> {
    const client = new SseClient(options);
    await until(() => client.status !== 0 || client.isClosed, "the answer begins");
    return client;
  }

  get readings(): Record<string, unknown>[] {
    return this.events
      .filter(({ name }) => name === undefined)
      .map(({ data }): Record<string, unknown> => JSON.parse(data));
  }

  /** `W` of each reading: tests number their readings there. */
  get numbers(): number[] {
    return this.readings.map(({ W }) => Number(W));
  }

  get refusal(): string | undefined {
    if (this.status === 200) return undefined;
    return /"error":"(\w+)"/.exec(this.#text)?.[1];
  }

  named(name: string): Record<string, unknown>[] {
    return this.events.filter((event) => event.name === name).map(({ data }) => JSON.parse(data));
  }

  async untilReadings(count: number): Promise<void> {
    await until(() => this.numbers.length >= count, `${count} readings arrive`);
  }

  async untilPositioned(): Promise<void> {
    await until(() => this.lastEventId !== "", "the stream tells its position");
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    this.socket.destroy();
  }

  #receive(bytes: Buffer): void {
    this.#raw = Buffer.concat([this.#raw, bytes]);
    if (this.status === 0) {
      const end = this.#raw.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.head = this.#raw.toString("latin1", 0, end);
      this.#raw = this.#raw.subarray(end + 4);
      this.status = Number(this.head.slice(9, 12));
    }
    if (/transfer-encoding: chunked/i.test(this.head)) this.#readChunks();
    else this.#take(this.#raw.subarray(0, this.#raw.length));
  }

  #readChunks(): void {
    for (;;) {
      const end = this.#raw.indexOf("\r\n");
      if (end < 0) return;
      const size = Number.parseInt(this.#raw.toString("latin1", 0, end), 16);
      if (this.#raw.length < end + 2 + size + 2) return;
      if (size === 0) this.hasEnd = true;
      this.#text += this.#raw.toString("utf8", end + 2, end + 2 + size);
      this.#raw = this.#raw.subarray(end + 2 + size + 2);
      this.#readLines();
    }
  }

  #take(bytes: Buffer): void {
    this.#text += bytes.toString("utf8");
    this.#raw = Buffer.alloc(0);
    this.#readLines();
  }

  #readLines(): void {
    const lines = this.#text.split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) this.#readLine(line);
  }

  #readLine(line: string): void {
    if (line === "") {
      this.lastEventId = this.#id;
      if (this.#data.length > 0) {
        const data = this.#data.join("\n");
        this.events.push({ id: this.lastEventId, name: this.#name, data });
      }
      this.#data = [];
      this.#name = undefined;
    } else if (line.startsWith(":")) {
      this.comments.push(line.slice(2));
    } else if (line.startsWith("data: ")) {
      this.#data.push(line.slice(6));
    } else if (line.startsWith("id: ")) {
      this.#id = line.slice(4);
    } else if (line.startsWith("event: ")) {
      this.#name = line.slice(7);
    } else if (line.startsWith("retry: ")) {
      this.retryMs = Number(line.slice(7));
    }
  }
}
