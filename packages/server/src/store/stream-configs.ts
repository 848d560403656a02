import type { StreamConfig } from "@nats-io/jetstream";
import { limits } from "../limits.ts";

/** Stored readings, seven days: wire contract §7. */
export const enrichedStream = "ENRICHED_TELEMETRY";
/** Readings that were too old for it when they came, until the archive has them. */
export const backfillStream = "BACKFILL_TELEMETRY";
export const rejectedStream = "REJECTED_TELEMETRY";
export const gatewayStateStream = "GATEWAY_STATE";

/** What the hub fixes of a stream; nats-server fills in the rest. */
export type StreamSettings = Partial<StreamConfig> & Pick<StreamConfig, "name" | "subjects">;

const nanosecondsPerMs = 1_000_000;
/**
 * The least that nats-server takes. A Nats-Msg-Id is whatever a gateway writes there: within the
 * window one gateway could make another's message count as a duplicate.
 */
const shortestWindow = 100 * nanosecondsPerMs;

/** The streams in account HUB. */
export function hubStreams(replicas: number): readonly StreamSettings[] {
  return [
    {
      name: enrichedStream,
      subjects: ["orgs.*.sites.*.devices.*.ders.*.telemetry.json.v1"],
      description: "Stored readings, canonical, with whose they are",
      storage: "file",
      retention: "limits",
      discard: "old",
      max_age: limits.enrichedTelemetryAgeMs * nanosecondsPerMs,
      max_bytes: limits.enrichedTelemetryBytesMax,
      num_replicas: replicas,
      duplicate_window: limits.streamDuplicateWindowMs * nanosecondsPerMs,
      deny_delete: true,
      deny_purge: true,
      allow_direct: true,
      allow_atomic: true,
      // Live readers see stored readings only, in stream order, each with its sequence.
      republish: { src: "orgs.>", dest: "live.orgs.>" },
    },
    {
      name: backfillStream,
      subjects: ["backfill.orgs.*.sites.*.devices.*.ders.*.telemetry.json.v1"],
      description: "Readings too old for the stream, until the archive has taken them",
      storage: "file",
      retention: "limits",
      // Full means no acknowledgement: what was acknowledged leaves by the archive alone.
      discard: "new",
      max_bytes: limits.backfillTelemetryBytesMax,
      num_replicas: replicas,
      duplicate_window: limits.streamDuplicateWindowMs * nanosecondsPerMs,
      deny_delete: true,
      allow_direct: true,
      allow_atomic: true,
    },
    {
      name: rejectedStream,
      subjects: ["rejected.gateways.*"],
      description: "Refused readings, with the reason and the original bytes",
      storage: "file",
      retention: "limits",
      discard: "old",
      max_age: limits.rejectedTelemetryAgeMs * nanosecondsPerMs,
      max_bytes: limits.rejectedTelemetryBytesMax,
      // One gateway that floods pushes out its own rejections, not everybody's.
      max_msgs_per_subject: limits.rejectionsPerGatewayMax,
      num_replicas: replicas,
      deny_delete: true,
      allow_direct: true,
      ...relaxed(replicas),
    },
  ];
}

/**
 * The streams in account DEV. All but MQTT's answer nothing (`no_ack`): a reply subject is not
 * permission-checked, so an acknowledgement would let a gateway write where it may not.
 */
export function deviceStreams(replicas: number): readonly StreamSettings[] {
  return [
    {
      name: "GATEWAY_TELEMETRY",
      subjects: ["gateways.*.devices.*.ders.*.telemetry.json.v1"],
      description: "Readings as gateways sent them, until the hub has read them",
      storage: "file",
      retention: "limits",
      discard: "old",
      max_age: limits.gatewayTelemetryAgeMs * nanosecondsPerMs,
      max_bytes: limits.gatewayTelemetryBytesMax,
      num_replicas: replicas,
      no_ack: true,
      duplicate_window: shortestWindow,
      ...relaxed(replicas),
    },
    {
      name: gatewayStateStream,
      // Exact subjects: a wildcard after `inventory` would let one gateway fill the stream.
      subjects: ["gateways.*.state.json.v1", "gateways.*.inventory.drivers.json.v1"],
      description: "The last state and inventory of each gateway",
      storage: "file",
      retention: "limits",
      discard: "old",
      max_bytes: limits.gatewayStateBytesMax,
      max_msgs_per_subject: 1,
      max_msg_size: limits.gatewayStateMessageBytesMax,
      num_replicas: replicas,
      no_ack: true,
      allow_direct: true,
      duplicate_window: shortestWindow,
      ...relaxed(replicas),
    },
    {
      // nats-server makes this one at the first MQTT connection, without a limit. The hub is
      // earlier, so that its durable stands before the first PUBACK: without a consumer an
      // interest stream keeps nothing. Full means no PUBACK, never a dropped promise.
      name: "$MQTT_msgs",
      subjects: ["$MQTT.msgs.>"],
      storage: "file",
      retention: "interest",
      discard: "new",
      max_bytes: limits.mqttMessagesBytesMax,
      num_replicas: replicas,
    },
    {
      // As nats-server would make it, but with a limit.
      name: "$MQTT_rmsgs",
      subjects: ["$MQTT.rmsgs.>"],
      storage: "file",
      retention: "limits",
      discard: "new",
      max_bytes: limits.mqttRetainedBytesMax,
      max_msgs_per_subject: 1,
      num_replicas: replicas,
    },
  ];
}

/**
 * Written to disk soon rather than before the answer: for what nobody was promised. Replicated
 * streams refuse the setting and flush asynchronously by themselves.
 */
function relaxed(replicas: number): Pick<StreamConfig, "persist_mode"> | Record<string, never> {
  return replicas === 1 ? { persist_mode: "async" } : {};
}
