import { WebSocket } from "ws";
import type { SseClientOptions, SseEvent } from "./sse-client.ts";
import { until } from "./stream-hub.ts";

export type Frame = Readonly<Record<string, unknown>>;

export interface WsClientOptions extends Omit<SseClientOptions, "path"> {
  readonly path?: string | undefined;
  /** Offers permessage-deflate. */
  readonly deflate?: boolean;
}

/**
 * A WebSocket client that looks like the SSE client of these tests: a path with its query becomes
 * the one subscription, `s`, so that the same rows run over both.
 */
export class WsClient {
  readonly webSocket: WebSocket;
  readonly events: SseEvent[] = [];
  readonly frames: Frame[] = [];
  lastEventId = "";
  retryMs = 0;
  isClosed = false;
  closeCode = 0;
  closeReason = "";
  #pings = 0;

  constructor(options: WsClientOptions) {
    const { port, path, identity = "idt-1", lastEventId, deflate = false } = options;
    const url = new URL(path ?? "/", "http://hub");
    const ticket = url.searchParams.get("ticket");
    const query = ticket === null ? "" : `?ticket=${ticket}`;
    this.webSocket = new WebSocket(`ws://127.0.0.1:${port}/ws${query}`, ["novacore.v1"], {
      headers: identity === "" ? {} : { authorization: `Bearer ${identity}` },
      perMessageDeflate: deflate,
    });
    this.webSocket.on("message", (data) => this.#receive(JSON.parse(String(data))));
    this.webSocket.on("error", () => undefined);
    this.webSocket.on("close", (code, reason) => {
      this.isClosed = true;
      this.closeCode = code;
      this.closeReason = reason.toString();
    });
    if (path === undefined) return;
    const frame = subscribeFrame(url, lastEventId);
    this.webSocket.on("open", () => this.send(frame));
  }

  /** Opens and waits for the answer to the subscription, or without one to the handshake. */
  static async open(options: WsClientOptions): Promise<WsClient> {
    const client = new WsClient(options);
    const greeting = options.identity === "" ? "hello" : "authenticated";
    const answers = options.path === undefined ? [greeting] : ["subscribed", "error"];
    await until(
      () => client.isClosed || answers.some((op) => client.ops(op).length > 0),
      "the hub answers",
    );
    return client;
  }

  get readings(): Record<string, unknown>[] {
    return this.events
      .filter(({ name }) => name === undefined)
      .map(({ data }): Record<string, unknown> => JSON.parse(data));
  }

  get numbers(): number[] {
    return this.readings.map(({ W }) => Number(W));
  }

  /** Control frames by name; errors by their code. */
  named(name: string): Record<string, unknown>[] {
    return this.events.filter((event) => event.name === name).map(({ data }) => JSON.parse(data));
  }

  /** The connection ended as the protocol says it must, and was not just cut. */
  get hasEnd(): boolean {
    return this.closeCode >= 4_000;
  }

  get refusal(): string | undefined {
    const isOpen = this.ops("subscribed").length > 0;
    return isOpen ? undefined : this.ops("error").map(({ code }) => String(code))[0];
  }

  ops(op: string): Frame[] {
    return this.frames.filter((frame) => frame.op === op);
  }

  /** What one subscription got, by number. */
  numbersOf(id: string): number[] {
    return this.frames
      .filter((frame) => frame.id === id)
      .flatMap(readingsIn)
      .map(({ W }) => Number(W));
  }

  /** The last position that one subscription was told. */
  cursorOf(id: string): string {
    const told = this.frames.findLast(({ id: of, cursor }) => of === id && cursor !== undefined);
    return String(told?.cursor);
  }

  codes(id?: string): unknown[] {
    const errors = this.ops("error").filter((frame) => id === undefined || frame.id === id);
    return errors.map(({ code }) => code);
  }

  async untilOp(op: string, count = 1): Promise<Frame> {
    await until(() => this.ops(op).length >= count, `${count} × ${op} come`);
    return this.ops(op)[count - 1] ?? {};
  }

  /** One round trip: what the hub wrote before it, has come. */
  async roundTrip(): Promise<void> {
    this.#pings++;
    const t = this.#pings;
    this.send({ op: "ping", t });
    await until(() => this.ops("pong").some((frame) => frame.t === t), "the pong comes");
  }

  /** Subscribes, and waits for the answer. */
  async subscribe(id: string, members: object): Promise<Frame> {
    const seen = this.frames.length;
    this.send({ op: "subscribe", id, ...members });
    const isAnswer = ({ op, id: of }: Frame) =>
      of === id && (op === "subscribed" || op === "error");
    await until(() => this.frames.slice(seen).some(isAnswer), `${id} is answered`);
    return this.frames.slice(seen).find(isAnswer) ?? {};
  }

  send(frame: object): void {
    this.webSocket.send(JSON.stringify(frame));
  }

  async untilReadings(count: number): Promise<void> {
    await until(() => this.numbers.length >= count, `${count} readings arrive`);
  }

  async untilPositioned(): Promise<void> {
    await until(() => this.lastEventId !== "", "the stream tells its position");
  }

  pause(): void {
    this.webSocket.pause();
  }

  resume(): void {
    this.webSocket.resume();
  }

  close(): void {
    this.webSocket.terminate();
  }

  #receive(frame: Record<string, unknown>): void {
    this.frames.push(frame);
    const { op, cursor } = frame;
    const id = typeof cursor === "string" ? cursor : this.lastEventId;
    switch (op) {
      case "reading":
      case "readings":
        this.lastEventId = id;
        for (const reading of readingsIn(frame)) {
          this.events.push({ id, name: undefined, data: JSON.stringify(reading) });
        }
        break;
      case "subscribed":
        this.lastEventId = id;
        break;
      case "error": {
        this.retryMs = Number(frame.retry_ms ?? 0);
        const { cursors } = frame;
        const known = typeof cursors === "object" && cursors !== null ? { ...cursors } : {};
        const data = JSON.stringify({ ...frame, cursor: cursor ?? Object.values(known)[0] });
        this.events.push({ id, name: String(frame.code), data });
        break;
      }
      case "heartbeat":
      case "hello":
      case "authenticated":
      case "pong":
        break;
      default:
        this.events.push({ id, name: String(op), data: JSON.stringify(frame) });
    }
  }
}

/** The readings of a frame, whichever form it has. */
function readingsIn({ op, reading, readings }: Frame): Readonly<Record<string, unknown>>[] {
  if (op === "readings" && Array.isArray(readings)) return readings;
  const isReading = op === "reading" && typeof reading === "object" && reading !== null;
  return isReading ? [{ ...reading }] : [];
}

/** The subscription that a stream's path and query say. */
function subscribeFrame(url: URL, lastEventId: string | undefined): object {
  const [, , kind, id] = url.pathname.split("/");
  const query = url.searchParams;
  const list = (name: string) => query.getAll(name).flatMap((value) => value.split(","));
  const frame: Record<string, unknown> = { op: "subscribe", id: "s" };
  if (kind === "sites") frame.sites = [id];
  else if (kind === "orgs") frame.org = id;
  else frame.sites = list("site");
  for (const name of ["types", "devices", "ders"]) if (query.has(name)) frame[name] = list(name);
  for (const name of ["since", "cursor", "mode"]) {
    const value = query.get(name);
    if (value !== null) frame[name] = value;
  }
  for (const name of ["min_interval_ms", "batch_ms"]) {
    const value = query.get(name);
    if (value !== null) frame[name] = Number(value);
  }
  for (const name of ["snapshot", "liveness"]) if (query.has(name)) frame[name] = true;
  if (lastEventId !== undefined) frame.cursor = lastEventId;
  return frame;
}
