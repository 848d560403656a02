import { type ErrorCode, encodeCursor } from "@novacore/protocol";
import type { EventBatch } from "./batch.ts";
import type { FeedReset } from "./feed.ts";
import type { Liveness } from "./liveness.ts";
import type { StreamBounds } from "./stream-reader.ts";

/** Where a subscriber's readings go: one transport's connection. */
export interface Outlet {
  /** Bytes accepted and not yet taken by the operating system. */
  readonly queuedBytes: number;
  /** Whether a write said "enough": wait for `drained` before sending more than live readings. */
  readonly isBacklogged: boolean;
  /**
   * Readings that the client allows to be sent now; Infinity without flow control. With none,
   * `drained` waits for more, and a live subscriber goes on later from where it is.
   */
  readonly room: number;
  send(batch: EventBatch): void;
  /** Tells a position without a reading, so that a reconnect resumes from there. */
  tellPosition(cursor: string): void;
  tellReset(reset: Reset): void;
  /** Live from here: what was asked of the past has been sent. */
  tellCaughtUp(cursor: string): void;
  tellLiveness(liveness: Liveness): void;
  /** Resolves when it is not backlogged any more and has room, or the connection closed. */
  drained(): Promise<void>;
  /** Resolves when it is not backlogged, whatever room there is, or the connection closed. */
  unclogged(): Promise<void>;
  /** Ends the stream; `cursor` is where to resume. */
  end(code: ErrorCode, cursor: string): void;
}

/** Cursors before this do not count, or not fully: said explicitly, never silently. */
export interface Reset {
  readonly reason: FeedReset | "cursor_invalid";
  readonly oldest: string;
  readonly newest: string;
}

/** Where it starts, found out before the answer begins. */
export interface Opening {
  readonly position: number;
  readonly reset: Reset | undefined;
  /** Send what was stored after `position`; otherwise only what comes from now on. */
  readonly isPast: boolean;
  readonly snapshot: boolean;
}

/** The reset that tells what the stream holds now; `oldest` resumes with all of it. */
export function toReset(reason: Reset["reason"], { epoch, oldest, newest }: StreamBounds): Reset {
  return {
    reason,
    oldest: encodeCursor({ epoch, sequence: Math.max(0, oldest - 1) }),
    newest: encodeCursor({ epoch, sequence: newest }),
  };
}
