import type { EnrichedReading } from "@novacore/protocol";
import { defaultTiming } from "./connection-state.ts";
import { createCredentials } from "./credentials.ts";
import type { StreamParts } from "./reading-stream.ts";
import type { Runtime } from "./runtime.ts";
import type { Arrival, Credential, Opening, Transport } from "./transport.ts";

/** A transport whose other end is the test, on a clock that the test sets. */
export class FakeHub {
  readonly openings: Opening[] = [];
  readonly refreshes: Credential[] = [];
  allowed = 0;
  closed = 0;
  readonly clock = new FakeClock();
  readonly parts: StreamParts;

  constructor(token: string | (() => string) = "t") {
    const transport: Transport = {
      open: (opening) => {
        this.openings.push(opening);
        return {
          allow: (readings) => {
            this.allowed += readings;
          },
          refresh: (credential) => this.refreshes.push(credential),
          close: () => {
            this.closed++;
          },
        };
      },
    };
    const credentials = createCredentials(token, (text) => ({ kind: "token", token: text }));
    this.parts = { transport, credentials, runtime: this.clock, timing: defaultTiming };
  }

  /** The newest connection, once there are so many. */
  async connection(count: number): Promise<(...arrivals: Arrival[]) => void> {
    while (this.openings.length < count) await Promise.resolve();
    const opening = this.openings[count - 1];
    return (...arrivals) => {
      for (const arrival of arrivals) opening?.take(arrival);
    };
  }
}

class FakeClock implements Runtime {
  nowMs = 0;
  readonly timers = new Set<{ readonly atMs: number; readonly call: () => void }>();
  onlineListeners = 0;

  now(): number {
    return this.nowMs;
  }

  random(): number {
    return 0;
  }

  after(milliseconds: number, call: () => void): () => void {
    const timer = { atMs: this.nowMs + milliseconds, call };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  onOnline(): () => void {
    this.onlineListeners++;
    return () => {
      this.onlineListeners--;
    };
  }

  advance(milliseconds: number): void {
    this.nowMs += milliseconds;
    for (const timer of [...this.timers].sort((a, b) => a.atMs - b.atMs)) {
      if (timer.atMs > this.nowMs || !this.timers.delete(timer)) continue;
      timer.call();
    }
  }
}

/** A reading that is told apart by its timestamp. */
export function readingAt(timestamp: number, type: "pv" | "meter" = "pv"): EnrichedReading {
  const ids = { org_id: "o", site_id: "s", device_id: "d", der_id: `der-${type}` };
  return { type, timestamp, ...ids, der_name: type, received_at: timestamp };
}

/** The arrival of readings whose cursors are their timestamps. */
export function readingsAt(...timestamps: readonly number[]): Arrival {
  const readings = timestamps.map((timestamp) => readingAt(timestamp));
  return { kind: "readings", readings, cursor: `c${timestamps.at(-1)}` };
}
