import { type Dialect, inDialect } from "./dialect.ts";
import { dialectOf, type Faults, fateOf } from "./faults.ts";
import type { Home } from "./home.ts";
import { type HomeDevice, homeDevices } from "./readings.ts";

export interface DispatchOptions {
  readonly home: Home;
  /** Which home of the run it is, from 0. */
  readonly index: number;
  readonly seed: number;
  readonly faults: Faults;
  /** Epoch ms; `toMs` is not part of it. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Between two readings of a device: whole seconds, in milliseconds. */
  readonly everyMs: number;
}

/** One message of a gateway. */
export interface Delivery {
  readonly device: HomeDevice;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly kind: "prompt" | "late" | "copy";
}

/** What happens in a home at one moment of its time. */
export interface Slice {
  readonly timeMs: number;
  /** Readings that the devices took, and those of them that were lost at once. */
  readonly measured: number;
  readonly dropped: number;
  /** What leaves the gateway now. */
  readonly deliveries: readonly Delivery[];
}

/**
 * All that a home's gateway sends, in the order in which it does. What is still held back at the end
 * leaves in a last slice, so every reading that was not dropped is sent.
 */
export function* dispatch(options: DispatchOptions): Generator<Slice, void> {
  const { home, fromMs, toMs, everyMs } = options;
  const held = new Held();
  const dialect = dialectOf(options.faults, options.index);
  for (let timeMs = fromMs, tick = 0; timeMs < toMs; timeMs += everyMs, tick++) {
    const deliveries = held.release(timeMs);
    const state = home.at(timeMs);
    let dropped = 0;
    for (const [position, device] of homeDevices.entries()) {
      const fate = fateOf(options.faults, options.seed, tick * homeDevices.length + position);
      if (fate.kind === "dropped") {
        dropped += 1;
        continue;
      }
      const { lateMs, copyMs } = fate;
      const reading = device.read(state, timeMs);
      const payload = write(reading, dialect, options.faults.driftMs);
      if (lateMs === 0) deliveries.push({ device, payload, kind: "prompt" });
      else held.add(timeMs + lateMs, { device, payload, kind: "late" });
      if (copyMs !== undefined) {
        held.add(timeMs + lateMs + copyMs, { device, payload, kind: "copy" });
      }
    }
    yield { timeMs, measured: homeDevices.length, dropped, deliveries };
  }
  const deliveries = held.release(Infinity);
  if (deliveries.length > 0) yield { timeMs: toMs, measured: 0, dropped: 0, deliveries };
}

function write(reading: ReturnType<HomeDevice["read"]>, dialect: Dialect, driftMs: number) {
  return inDialect(dialect, { ...reading, timestamp: reading.timestamp + driftMs });
}

/** Messages that wait for their time. */
class Held {
  readonly #entries: { readonly dueMs: number; readonly delivery: Delivery }[] = [];

  add(dueMs: number, delivery: Delivery): void {
    const at = this.#entries.findLastIndex((entry) => entry.dueMs <= dueMs);
    this.#entries.splice(at + 1, 0, { dueMs, delivery });
  }

  release(nowMs: number): Delivery[] {
    const after = this.#entries.findIndex(({ dueMs }) => dueMs > nowMs);
    const count = after < 0 ? this.#entries.length : after;
    return this.#entries.splice(0, count).map(({ delivery }) => delivery);
  }
}
