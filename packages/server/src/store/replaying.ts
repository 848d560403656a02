import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { ConsumerRecord } from "./consumer-record.ts";

type Standing = Pick<ConsumerRecord, "orgId" | "name" | "pending" | "isActive">;

/**
 * Throws `validation_failed` for a replay without acknowledgements, and `rate_limited` when one more
 * replay would be too many. Of its own organization every consumer with so much to come counts; of
 * all together only those that are being read from, since nobody may keep the others from replaying
 * by leaving some behind.
 */
export function assertMayReplay(
  { orgId, ack }: Pick<ConsumerRecord, "orgId" | "ack">,
  others: readonly Standing[],
): void {
  if (ack === "none") {
    const message =
      `More than ${limits.consumerReplayingPending} readings are to come, which is a replay: ` +
      "make the consumer with ack: explicit, since acknowledgements set its pace.";
    throw new NovacoreError("validation_failed", message, { details: [{ path: "/ack", message }] });
  }
  const replaying = others.filter(isReplaying);
  const own = replaying.filter((consumer) => consumer.orgId === orgId);
  if (own.length >= limits.replayingConsumersPerOrgMax) {
    const names = own.map(({ name }) => name).join(", ");
    throw new NovacoreError(
      "rate_limited",
      `The organization replays ${own.length} consumers already (${names}); ` +
        "wait until one has caught up, or delete it.",
    );
  }
  const active = replaying.filter(({ isActive }) => isActive).length;
  if (active >= limits.replayingConsumersMax) {
    const sentence = `The hub replays ${active} consumers already; wait as long as Retry-After says.`;
    throw new NovacoreError("rate_limited", sentence);
  }
}

/** How much each consumer that replays may have unacknowledged, when so many more begin. */
export function replayPace(
  consumers: readonly Pick<Standing, "pending" | "isActive">[],
  more: number,
): number {
  const active = consumers.filter((each) => isReplaying(each) && each.isActive).length + more;
  return Math.max(1, Math.floor(limits.replayInFlightMax / Math.max(1, active)));
}

function isReplaying({ pending }: Pick<Standing, "pending">): boolean {
  return pending > limits.consumerReplayingPending;
}
