import { type Condition, createConditions } from "./conditions.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests read frames as a client without types does
export type Frame = Record<string, any>;

/** A WebSocket connection of the JSON protocol, as a page or a program without our SDK opens it. */
export interface TestSocket {
  /** Every frame that came, in order. */
  readonly frames: readonly Frame[];
  /** Frames of one op. */
  ops(op: string): Frame[];
  send(frame: object): void;
  /** Waits until `found` answers something; fails when the connection ends first. */
  readonly until: Condition;
  /** Resolves with the close code and reason once the connection has ended. */
  readonly ended: Promise<{ readonly code: number; readonly reason: string }>;
  close(): Promise<void>;
}

export interface SocketOptions {
  /** Sent in a first `auth` frame. */
  readonly token?: string;
  /** Called with each frame, as it arrives. */
  readonly onFrame?: (frame: Frame) => void;
}

/** Opens `/ws` of a hub; resolves once authenticated, or at once without a token. */
export async function openSocket(
  baseUrl: string,
  options: SocketOptions = {},
): Promise<TestSocket> {
  const { token, onFrame } = options;
  const url = new URL("/ws", baseUrl);
  url.protocol = url.protocol.replace("http", "ws");
  const webSocket = new WebSocket(url, ["novacore.v1"]);
  const frames: Frame[] = [];
  const conditions = createConditions();
  webSocket.addEventListener("message", ({ data }) => {
    const frame: Frame = JSON.parse(String(data));
    frames.push(frame);
    onFrame?.(frame);
    conditions.changed();
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<{
    code: number;
    reason: string;
  }>();
  webSocket.addEventListener("close", ({ code, reason }) => {
    const last = frames.findLast(({ op }) => op === "error")?.code ?? "";
    conditions.fail(new Error(`the socket ended with ${code} ${reason} ${last}`));
    end({ code, reason });
  });
  const socket: TestSocket = {
    frames,
    ops: (op) => frames.filter((frame) => frame.op === op),
    send: (frame) => webSocket.send(JSON.stringify(frame)),
    until: conditions.until,
    ended,
    async close() {
      webSocket.close();
      await ended;
    },
  };
  await socket.until("the hub says hello", () => socket.ops("hello")[0]);
  if (token === undefined) return socket;
  socket.send({ op: "auth", token });
  const answer = await socket.until("the hub answers", () =>
    frames.find(({ op }) => op === "authenticated" || op === "error"),
  );
  if (answer.op === "authenticated") return socket;
  await socket.close();
  throw new Error(`authorization refused: ${answer.code} ${answer.message}`);
}
