import type { Socket } from "node:net";
import type { ServerFrame } from "@novacore/protocol";
import type { WebSocket } from "ws";
import { limits } from "../limits.ts";
import { textFrame } from "./ws-frames.ts";

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

  constructor(webSocket: WebSocket, socket: Socket) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.isDeflated = webSocket.extensions.includes("permessage-deflate");
    socket.on("drain", () => this.#wake());
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
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#socket.write(frames);
  }

  send(frame: ServerFrame): void {
    this.write(textFrame(frame, this));
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

  /** Stops reading what the client sends, until `resume`. */
  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  get isPaused(): boolean {
    return this.#webSocket.isPaused;
  }

  /** Sends a close after what is queued. */
  close(code: number, reason: string): void {
    this.#webSocket.close(code, reason);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }

  get #isHeld(): boolean {
    const isOpen = this.#webSocket.readyState === this.#webSocket.OPEN;
    return !isOpen || this.#socket.writableNeedDrain || this.#room < 1;
  }

  #wake(): void {
    if (!this.#isHeld) this.release();
  }
}
