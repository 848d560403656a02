import { SseClient, type SseClientOptions, type SseEvent } from "./sse-client.ts";
import { WsClient } from "./ws-client.ts";

type StreamOptions = Pick<SseClientOptions, "port" | "path" | "identity" | "lastEventId">;

/** One stream as its client sees it, whichever transport brought it. */
export interface StreamClient {
  readonly events: readonly SseEvent[];
  readonly readings: readonly Record<string, unknown>[];
  /** `W` of each reading: tests number their readings there. */
  readonly numbers: readonly number[];
  /** Where the stream resumes. */
  readonly lastEventId: string;
  readonly retryMs: number;
  readonly isClosed: boolean;
  /** Code of the error that came instead of the stream. */
  readonly refusal: string | undefined;
  /** It ended as its protocol says, and was not just cut. */
  readonly hasEnd: boolean;
  /** Control events of a name, the reason for the end among them. */
  named(name: string): Record<string, unknown>[];
  untilReadings(count: number): Promise<void>;
  untilPositioned(): Promise<void>;
  pause(): void;
  resume(): void;
  close(): void;
}

/** The one table of delivery's tests: what holds for every stream runs over each of these. */
export const transports: readonly {
  readonly name: "SSE" | "WebSocket";
  /** Connects without waiting. */
  connect(options: StreamOptions): StreamClient;
  /** Waits until the hub has answered: with the stream, or with the reason why not. */
  open(options: StreamOptions): Promise<StreamClient>;
}[] = [
  {
    name: "SSE",
    connect: (options) => new SseClient(options),
    open: (options) => SseClient.open(options),
  },
  {
    name: "WebSocket",
    connect: (options) => new WsClient(options),
    open: (options) => WsClient.open(options),
  },
];
