import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Rig } from "./rig.ts";

/** One listener per site of the fleet, each coming back with its cursor when it is cut. */
export interface Listeners {
  /** Resolves when so many more readings have arrived. */
  after(more: number): Promise<void>;
  /** From now on, the milliseconds from publish to here of each reading. */
  timed(): number[];
  /** Streams that were closed as slow and resumed. */
  readonly resumed: number;
  close(): void;
}

/** Finds readings by a byte pattern: parsing them here would cost the hub its second core. */
const readingPattern = /\nid: (\S+)\ndata: [^\n]*"sent_ms":(\d{13})[^\n]*\n/g;

export async function listenToFleet({ hub, fleet }: Rig): Promise<Listeners> {
  let count = 0;
  let target = Number.POSITIVE_INFINITY;
  let reached: () => void = () => undefined;
  let latencies: number[] | undefined;
  let resumed = 0;
  let closed = false;
  const open = new Set<IncomingMessage>();

  const connect = async (siteId: string, lastEventId?: string): Promise<void> => {
    const asked = request(`${hub.url}/stream/sites/${siteId}`, {
      headers: {
        authorization: `Bearer ${fleet.token}`,
        ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
      },
    });
    asked.end();
    const [answer]: IncomingMessage[] = await once(asked, "response");
    if (answer?.statusCode !== 200) throw new Error(`the stream answered ${answer?.statusCode}`);
    open.add(answer);
    let last = lastEventId;
    let rest = "\n";
    answer.on("data", (chunk: Buffer) => {
      const text = rest + chunk.toString("latin1");
      const nowMs = Date.now();
      let end = 0;
      for (const match of text.matchAll(readingPattern)) {
        count += 1;
        last = match[1];
        end = match.index + match[0].length - 1;
        latencies?.push(nowMs - Number(match[2]));
      }
      rest = text.slice(end);
      if (count >= target) reached();
    });
    answer.on("error", () => answer.destroy());
    answer.once("close", () => {
      open.delete(answer);
      if (closed) return;
      resumed += 1;
      void connect(siteId, last);
    });
  };
  await Promise.all(fleet.siteIds.map((siteId) => connect(siteId)));

  return {
    after(more) {
      target = count + more;
      return new Promise((resolve) => {
        reached = resolve;
      });
    },
    timed() {
      latencies = [];
      return latencies;
    },
    get resumed() {
      return resumed;
    },
    close() {
      closed = true;
      for (const answer of open) answer.destroy();
    },
  };
}
