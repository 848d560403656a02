import { WebSocket } from "ws";

/** What one client of the storm subscribes, and how it behaves. */
export interface StormySubscription {
  readonly sites?: readonly string[];
  readonly org?: string;
  readonly ders?: readonly string[];
  readonly batch_ms?: number;
}

export interface StormyOptions {
  readonly url: string;
  readonly token: string;
  readonly subscription: StormySubscription;
  /** Where it all starts: epoch ms. */
  readonly since: number;
  /** Readings that the client allows ahead; undefined: no flow control. */
  readonly credit: number | undefined;
  /** A number from 0 to 1 at each call. */
  readonly random: () => number;
  /** How long a connection lives on average before it is cut. */
  readonly meanLifeMs: number;
  readonly onChange: () => void;
}

/**
 * A client whose connection is cut again and again without warning, and which comes back each time
 * with the cursor of the last frame it got. It keeps what it was sent, of each DER in order.
 */
export class StormySocket {
  /** der_id → timestamps, as they came. */
  readonly readings = new Map<string, number[]>();
  /** Milliseconds from each subscribe with a cursor until the hub said that it has caught up. */
  readonly replaysMs: number[] = [];
  /** Errors and resets that the hub told, which none should be. */
  readonly complaints: string[] = [];
  count = 0;
  cuts = 0;
  readonly #options: StormyOptions;
  #webSocket: WebSocket | undefined;
  #cursor: string | undefined;
  #credit = 0;
  #isCalm = false;
  #isStopped = false;

  constructor(options: StormyOptions) {
    this.#options = options;
  }

  connect(): void {
    if (this.#isStopped) return;
    const { url, token, random, meanLifeMs } = this.#options;
    const webSocket = new WebSocket(url, ["novacore.v1"], {
      headers: { authorization: `Bearer ${token}` },
    });
    this.#webSocket = webSocket;
    let life: NodeJS.Timeout | undefined;
    let subscribedMs = 0;
    webSocket.on("open", () => {
      subscribedMs = performance.now();
      this.#subscribe(webSocket);
      if (this.#isCalm) return;
      life = setTimeout(() => this.#cut(webSocket), meanLifeMs * (0.2 + 1.6 * random()));
    });
    webSocket.on("message", (data) => {
      const frame: StormyFrame = JSON.parse(String(data));
      if (frame.op === "caught_up") this.replaysMs.push(performance.now() - subscribedMs);
      this.#take(webSocket, frame);
    });
    webSocket.on("error", () => undefined);
    webSocket.on("close", () => {
      clearTimeout(life);
      setTimeout(() => this.connect(), 300 * random());
    });
  }

  /** No more cuts; what is missing may come. */
  calm(): void {
    this.#isCalm = true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#webSocket?.terminate();
  }

  #cut(webSocket: WebSocket): void {
    if (this.#isCalm) return;
    this.cuts++;
    webSocket.terminate();
  }

  #subscribe(webSocket: WebSocket): void {
    const { subscription, since, credit } = this.#options;
    if (credit !== undefined) this.#grant(webSocket, credit);
    const from = this.#cursor === undefined ? { since } : { cursor: this.#cursor };
    webSocket.send(JSON.stringify({ op: "subscribe", id: "s", ...subscription, ...from }));
  }

  #grant(webSocket: WebSocket, n: number): void {
    this.#credit = n;
    webSocket.send(JSON.stringify({ op: "credit", n }));
  }

  #take(webSocket: WebSocket, frame: StormyFrame): void {
    switch (frame.op) {
      case "reading":
        this.#keep(frame.reading);
        this.#cursor = frame.cursor;
        this.#spend(webSocket, 1);
        break;
      case "readings":
        for (const reading of frame.readings) this.#keep(reading);
        this.#cursor = frame.cursor;
        this.#spend(webSocket, frame.readings.length);
        break;
      case "error":
      case "reset":
        this.complaints.push(JSON.stringify(frame));
        break;
      case "subscribed":
      case "caught_up":
        this.#cursor = frame.cursor;
        break;
      default:
        break;
    }
    this.#options.onChange();
  }

  #keep({ der_id, timestamp }: StormyReading): void {
    const timestamps = this.readings.get(der_id);
    if (timestamps === undefined) this.readings.set(der_id, [timestamp]);
    else timestamps.push(timestamp);
    this.count++;
  }

  /** Tops the credit up once half of it is used, as a client with a buffer would. */
  #spend(webSocket: WebSocket, readings: number): void {
    const { credit } = this.#options;
    if (credit === undefined) return;
    this.#credit -= readings;
    if (this.#credit < 0) this.complaints.push(`${-this.#credit} readings beyond the credit`);
    if (this.#credit > credit / 2 || webSocket.readyState !== WebSocket.OPEN) return;
    const n = credit - this.#credit;
    this.#credit = credit;
    webSocket.send(JSON.stringify({ op: "credit", n }));
  }
}

interface StormyReading {
  readonly der_id: string;
  readonly timestamp: number;
}

type StormyFrame =
  | { readonly op: "reading"; readonly cursor: string; readonly reading: StormyReading }
  | { readonly op: "readings"; readonly cursor: string; readonly readings: StormyReading[] }
  | { readonly op: "subscribed" | "caught_up"; readonly cursor: string }
  | { readonly op: "error" | "reset" }
  | { readonly op: "hello" | "authenticated" | "heartbeat" };
