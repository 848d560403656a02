import { encodeCursor, readingTypes } from "@novacore/protocol";
import { Type } from "typebox";
import type { ConsumerRecord } from "../store/consumer-record.ts";
import { enrichedStream } from "../store/stream-configs.ts";
import { nullable, Time } from "./fields.ts";

export const ReadingTypes = Type.Array(Type.Enum([...readingTypes]), {
  minItems: 1,
  maxItems: readingTypes.length,
});

const Cursor = Type.String({ description: "A position; SSE and WebSocket take it as well" });

export const ConsumerAnswer = Type.Object(
  {
    name: Type.String(),
    org_id: Type.String(),
    integration_id: Type.String(),
    stream: Type.String(),
    consumer: Type.String({ description: "Its name in NATS, for the client library" }),
    sites: nullable(Type.Array(Type.String())),
    types: nullable(ReadingTypes),
    ack: Type.Enum(["explicit", "none"]),
    start: Type.Enum(["position", "last_per_der"]),
    starts_at: Cursor,
    filter_subjects: Type.Integer({ description: "How many subjects it reads" }),
    widened: Type.Boolean({
      description: "More DERs match than it can name, so it reads every type of their sites",
    }),
    pending: Type.Integer({ description: "Readings that match and are still to be delivered" }),
    ack_pending: Type.Integer({ description: "Delivered and not acknowledged" }),
    delivered: Cursor,
    acknowledged: Cursor,
    created_at: Time,
  },
  {
    title: "Consumer",
    description:
      "A durable consumer by which a back end reads stored readings over NATS, and how far it is",
  },
);

export function toConsumerAnswer(record: ConsumerRecord, epoch: number) {
  const cursor = (sequence: number) => encodeCursor({ epoch, sequence });
  return {
    name: record.name,
    org_id: record.orgId,
    integration_id: record.identityId,
    stream: enrichedStream,
    consumer: record.place,
    sites: record.sites === undefined ? null : [...record.sites],
    types: record.types === undefined ? null : [...record.types],
    ack: record.ack,
    start: record.start.isLastPerDer ? ("last_per_der" as const) : ("position" as const),
    starts_at: cursor(record.start.afterSequence),
    filter_subjects: record.filters.subjects.length,
    widened: record.filters.isWidened,
    pending: record.pending,
    ack_pending: record.ackPending,
    delivered: cursor(record.deliveredSequence),
    acknowledged: cursor(record.ackedSequence),
    created_at: record.createdAt,
  };
}
