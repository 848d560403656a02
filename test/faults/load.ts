import type { Uplink, WayIn } from "../conformance/ways-in.ts";
import { createConditions } from "../support/conditions.ts";
import type { HomeDer } from "../support/home.ts";

/** A gateway program that keeps each reading until it has been acknowledged, over one way in. */
export interface Load {
  /** `der_id:timestamp` of every reading that was acknowledged. */
  readonly acknowledged: ReadonlySet<string>;
  /** Resolves once that many readings are acknowledged. */
  reaches(count: number): Promise<unknown>;
  /** Stops taking new readings and resolves when all taken ones are acknowledged. */
  finish(): Promise<void>;
}

export interface LoadOptions {
  /** Waits so long after each reading. Default: not at all. */
  readonly pauseMs?: number;
}

const retryMs = 50;
/** An acknowledgement that takes longer is taken for lost and the reading sent again. */
const acknowledgeMs = 5_000;

/**
 * Publishes readings of one DER one after the other, each with a timestamp of its own, and sends one
 * again until it is acknowledged: the hub must drop what it had stored already.
 */
export function startLoad(
  way: WayIn,
  hub: Parameters<WayIn["open"]>[0],
  der: HomeDer,
  type: string,
  { pauseMs = 0 }: LoadOptions = {},
): Load {
  const acknowledged = new Set<string>();
  const conditions = createConditions();
  let stopping = false;
  let lastMs = 0;

  const running = (async () => {
    let uplink: Uplink | undefined;
    while (!stopping) {
      lastMs = Math.max(Date.now(), lastMs + 1);
      const payload = JSON.stringify({ type, timestamp: lastMs, W: 0 });
      for (;;) {
        try {
          uplink ??= await way.open(hub, der.gateway);
          await within(acknowledgeMs, uplink.publish(der, payload));
          break;
        } catch {
          // Whatever went wrong, the reading is not acknowledged: a new connection, and again.
          await uplink?.close().catch(() => undefined);
          uplink = undefined;
          await pause(retryMs);
        }
      }
      acknowledged.add(`${der.derId}:${lastMs}`);
      conditions.changed();
      if (pauseMs > 0) await pause(pauseMs);
    }
    await uplink?.close();
  })();
  return {
    acknowledged,
    reaches: (count) =>
      conditions.until(`${way.name} gets ${count} acknowledged`, () => acknowledged.size >= count),
    async finish() {
      stopping = true;
      await running;
    },
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no acknowledgement within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
