import { limits } from "./limits.ts";

/**
 * Checks what must hold between limits; called once at start. Throws with both names, so that
 * whoever changed one of them reads which other it depends on.
 */
export function assertLimits(): void {
  const { readingBytesMax, uploadBytesMax, dedupeWindowMs, streamDuplicateWindowMs } = limits;
  if (readingBytesMax > uploadBytesMax) throw new Error("readingBytesMax exceeds uploadBytesMax");
  if (streamDuplicateWindowMs > dedupeWindowMs) {
    throw new Error("streamDuplicateWindowMs exceeds dedupeWindowMs");
  }
  if (limits.backfillMs > limits.enrichedTelemetryAgeMs) {
    throw new Error("backfillMs exceeds enrichedTelemetryAgeMs");
  }
  if (limits.backfilledAfterMs > limits.backfillMs) {
    throw new Error("backfilledAfterMs exceeds backfillMs");
  }
  if (limits.backfillMs > limits.archiveBackfillMs) {
    throw new Error("backfillMs exceeds archiveBackfillMs");
  }
  if (limits.ringBytesMax > limits.ringsBytesMax) {
    throw new Error("ringBytesMax exceeds ringsBytesMax");
  }
  if (limits.publishBatchMax * limits.publishInFlightMax > limits.ackPendingMax) {
    throw new Error("publishBatchMax × publishInFlightMax exceeds ackPendingMax");
  }
  const streamBytes =
    limits.enrichedTelemetryBytesMax +
    limits.backfillTelemetryBytesMax +
    limits.gatewayTelemetryBytesMax +
    limits.rejectedTelemetryBytesMax +
    limits.gatewayStateBytesMax +
    limits.mqttMessagesBytesMax +
    limits.mqttRetainedBytesMax;
  if (streamBytes > limits.natsStoreBytesMax) {
    throw new Error("the streams' bytes exceed natsStoreBytesMax");
  }
  if (limits.loginMs >= limits.natsAuthMs) throw new Error("loginMs exceeds natsAuthMs");
  if (limits.consumerRequestMs >= limits.backEndPullAnswerMs) {
    throw new Error("consumerRequestMs exceeds backEndPullAnswerMs");
  }
  if (limits.natsPayloadBytesMax > limits.natsPendingBytesMax) {
    throw new Error("natsPayloadBytesMax exceeds natsPendingBytesMax");
  }
  if (limits.tunnelStallMs <= limits.natsWriteMs) {
    throw new Error("tunnelStallMs does not exceed natsWriteMs");
  }
  if (limits.tunnelsPerAddressMax > limits.realtimeConnectionsMax) {
    throw new Error("tunnelsPerAddressMax exceeds realtimeConnectionsMax");
  }
  if (limits.tokenWarningMs >= limits.ticketMs) throw new Error("tokenWarningMs exceeds ticketMs");
  if (limits.readingBytesMax >= limits.frameBytesMax) {
    throw new Error("readingBytesMax exceeds frameBytesMax");
  }
  if (limits.publishReadingsMax > limits.batchReadingsMax) {
    throw new Error("publishReadingsMax exceeds batchReadingsMax");
  }
  if (limits.consumerInactiveMs < limits.enrichedTelemetryAgeMs) {
    throw new Error("enrichedTelemetryAgeMs exceeds consumerInactiveMs");
  }
  if (limits.replayingConsumersPerOrgMax > limits.replayingConsumersMax) {
    throw new Error("replayingConsumersPerOrgMax exceeds replayingConsumersMax");
  }
  if (limits.archiveBatchBytesMax >= limits.subscriberQueueBytesMax) {
    throw new Error("archiveBatchBytesMax exceeds subscriberQueueBytesMax");
  }
  if (limits.archiveGatheredOfSiteMax * 2 > limits.historyTailReadingsMax) {
    throw new Error("archiveGatheredOfSiteMax exceeds half of historyTailReadingsMax");
  }
  if (limits.gatheredBytesMax >= limits.subscriberQueueBytesMax) {
    throw new Error("gatheredBytesMax exceeds subscriberQueueBytesMax");
  }
  if (limits.historyQueryMs >= limits.historyWaitMs) {
    throw new Error("historyQueryMs is not below historyWaitMs");
  }
  if (limits.historyTurnsPerIdentityMax >= limits.historyTurnsMax) {
    throw new Error("historyTurnsPerIdentityMax is not below historyTurnsMax");
  }
  if (limits.historyWaitingMax > limits.historyPartiesMax) {
    throw new Error("historyWaitingMax exceeds historyPartiesMax");
  }
}
