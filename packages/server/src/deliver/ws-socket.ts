import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { limits } from "../limits.ts";

/** Frames of the client wait for those before them, or the client takes no answers. */
type PauseReason = "frames" | "backlog";

/**
 * The writing side of a WebSocket. The library does the handshake, what clients send, and the close;
 * frames of ours go to the socket as they are, whole ones at a time, so that both can write.
 */
export class WsSocket {
  readonly isDeflated: boolean;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  /** Infinity until the client gives credit for the first time. */
  #room = Number.POSITIVE_INFINITY;
  readonly #waiting: (() => void)[] = [];
  readonly #clogged: (() => void)[] = [];
  /** Why the client is not read for now. */
  readonly #pauses = new Set<PauseReason>();

  constructor(webSocket: WebSocket, socket: Socket) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.isDeflated = webSocket.extensions.includes("permessage-deflate");
    socket.on("drain", () => {
      this.resume("backlog");
      this.#unclog();
      this.#wake();
    });
    socket.on("close", () => this.#unclog());
  }

  /** Readings that the client's credit allows. */
  get room(): number {
    return this.#room;
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  get isBacklogged(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Bytes that the operating system has taken: what does not grow while bytes wait, is stuck. */
  get takenBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  /** Bytes that came from the client, whatever they were. */
  get heardBytes(): number {
    return this.#socket.bytesRead;
  }

  /** Writes whole frames; nothing once a close has gone out, as none may follow it. */
  write(frames: Uint8Array): void {
    if (!this.#isOpen) return;
    // Who takes no answers is asked nothing more: acknowledgements must not pile up.
    if (!this.#socket.write(frames) && this.#socket.writableNeedDrain) this.pause("backlog");
  }

  spend(readings: number): void {
    this.#room -= readings;
  }

  /** Takes credit; false when it would be more than a client may give ahead. */
  grant(readings: number): boolean {
    const before = Number.isFinite(this.#room) ? this.#room : 0;
    if (before + readings > limits.creditMax) return false;
    this.#room = before + readings;
    this.#wake();
    return true;
  }

  /**
   * Resolves when there is room in the socket and in the credit, or at `release`. A socket that is
   * closing gets no room any more.
   */
  drained(): Promise<void> {
    if (!this.#isHeld) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  /** Lets go who waits for room: what it was for may have ended. */
  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves when the socket takes more, whatever the credit, or has closed. */
  unclogged(): Promise<void> {
    if (!this.#isOpen || !this.#socket.writableNeedDrain) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#clogged.push(resolve);
    return promise;
  }

  /** Stops reading what the client sends, until every reason has been resumed. */
  pause(reason: PauseReason): void {
    if (this.#pauses.size === 0) this.#webSocket.pause();
    this.#pauses.add(reason);
  }

  resume(reason: PauseReason): void {
    if (this.#pauses.delete(reason) && this.#pauses.size === 0) this.#webSocket.resume();
  }

  get isPaused(): boolean {
    return this.#webSocket.isPaused;
  }

  /** Sends a close after what is queued. */
  close(code: number, reason: string): void {
    // The client's own close has to be read.
    this.#pauses.clear();
    this.#webSocket.resume();
    this.#webSocket.close(code, reason);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }

  get #isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN && !this.#socket.destroyed;
  }

  get #isHeld(): boolean {
    return !this.#isOpen || this.#socket.writableNeedDrain || this.#room < 1;
  }

  #unclog(): void {
    for (const resolve of this.#clogged.splice(0)) resolve();
  }

  #wake(): void {
    if (!this.#isHeld) this.release();
  }
}
