import type { ConsumerConfig, ConsumerInfo } from "@nats-io/jetstream";
import { type ReadingType, readingTypes } from "@novacore/protocol";
import { limits } from "../limits.ts";

/** What a back end asked for. It stands in the consumer's metadata, so that nothing is kept twice. */
export interface ConsumerWish {
  /** The client's own name for it. */
  readonly name: string;
  readonly identityId: string;
  readonly orgId: string;
  /** undefined: every site that the integration may see, also those that come later. */
  readonly sites: readonly string[] | undefined;
  /** undefined: readings of every type. */
  readonly types: readonly ReadingType[] | undefined;
  readonly ack: "explicit" | "none";
  readonly createdAt: string;
}

/** Which subjects a consumer reads. */
export interface ConsumerFilters {
  readonly subjects: readonly string[];
  /** Whether they hold more types than were asked for, as too many DERs match. */
  readonly isWidened: boolean;
}

export interface ConsumerStart {
  /** Everything after this sequence; for `isLastPerDer` the newest one when it was made. */
  readonly afterSequence: number;
  readonly isLastPerDer: boolean;
}

/** Everything that makes a consumer. */
export interface ConsumerDraft extends ConsumerWish {
  /** Its name in NATS. */
  readonly place: string;
  readonly filters: ConsumerFilters;
  readonly start: ConsumerStart;
  /** Readings that may be delivered and not yet acknowledged; undefined: as many as any may. */
  readonly ackPendingMax?: number | undefined;
  /** Which time that it was made anew it comes from; undefined: it never was. */
  readonly makingId?: string | undefined;
  /**
   * The sequence that it is being put back to, since its filters were changed: whoever finds it
   * so has to do it, as a hub may have died in between.
   */
  readonly goesBackTo?: number | undefined;
}

/** A back end's consumer as nats-server has it. */
export interface ConsumerRecord extends ConsumerDraft {
  /**
   * Whether it only holds the draft of the consumer at `place` while that is made anew: nobody reads
   * from it.
   */
  readonly isStandIn: boolean;
  /** Readings that match and have not been delivered yet. */
  readonly pending: number;
  readonly ackPending: number;
  /** Whether nothing of it was ever delivered. */
  readonly isUnread: boolean;
  /** Everything that matches up to here has been delivered; acknowledged. */
  readonly deliveredSequence: number;
  readonly ackedSequence: number;
  /** Whether somebody reads from it now, or has just made it. */
  readonly isActive: boolean;
}

const nanosecondsPerMs = 1_000_000;

/** What the hub fixes of a consumer; nats-server fills in the rest. */
export interface ConsumerSettings extends Partial<ConsumerConfig> {
  durable_name: string;
  filter_subjects: string[];
  metadata: Record<string, string>;
}

export function toConsumerConfig(draft: ConsumerDraft): ConsumerSettings {
  const { place, ack, filters, start, ackPendingMax = limits.consumerAckPendingMax } = draft;
  return {
    durable_name: place,
    ack_policy: ack,
    ...(ack === "explicit" && {
      ack_wait: limits.consumerAckWaitMs * nanosecondsPerMs,
      max_ack_pending: ackPendingMax,
    }),
    ...(start.isLastPerDer
      ? { deliver_policy: "last_per_subject" as const }
      : {
          deliver_policy: "by_start_sequence" as const,
          opt_start_seq: start.afterSequence + 1,
        }),
    max_waiting: limits.consumerRequestsMax,
    max_batch: limits.consumerRequestReadingsMax,
    max_bytes: limits.consumerRequestBytesMax,
    max_expires: limits.consumerRequestMs * nanosecondsPerMs,
    inactive_threshold: limits.consumerInactiveMs * nanosecondsPerMs,
    filter_subjects: [...filters.subjects],
    metadata: toMetadata(draft),
  };
}

/** The name of the one that stands in for any consumer of the same integration; none can ask it. */
export function standInOf(place: string): string {
  return place.replace(/_\d+$/, "_remake");
}

/** What stands in for a consumer while that is made anew: all of it, at another name. */
export function toStandInConfig(draft: ConsumerDraft): ConsumerSettings {
  const config = toConsumerConfig(draft);
  return {
    ...config,
    durable_name: standInOf(draft.place),
    metadata: { ...config.metadata, [key("stands_in_for")]: draft.place },
  };
}

function toMetadata(draft: ConsumerDraft): Record<string, string> {
  const { sites, types, start, filters, makingId, goesBackTo } = draft;
  return {
    [key("name")]: draft.name,
    [key("identity_id")]: draft.identityId,
    [key("org_id")]: draft.orgId,
    [key("created_at")]: draft.createdAt,
    [key("after_sequence")]: String(start.afterSequence),
    ...(sites !== undefined && { [key("sites")]: sites.join(" ") }),
    ...(types !== undefined && { [key("types")]: types.join(" ") }),
    [key("widened")]: String(filters.isWidened),
    ...(makingId !== undefined && { [key("making_id")]: makingId }),
    ...(goesBackTo !== undefined && { [key("goes_back_to")]: String(goesBackTo) }),
  };
}

/** undefined for a consumer that is not a back end's, as those of the hub itself. */
export function toConsumerRecord(info: ConsumerInfo, nowMs: number): ConsumerRecord | undefined {
  const { config, delivered } = info;
  const metadata = new Map(Object.entries(config.metadata ?? {}));
  const read = (name: string) => metadata.get(key(name));
  const [name, identityId, orgId] = [read("name"), read("identity_id"), read("org_id")];
  if (name === undefined || identityId === undefined || orgId === undefined) return undefined;
  const recentMs = nowMs - limits.consumerRecentMs;
  const [standsInFor, goesBackTo] = [read("stands_in_for"), read("goes_back_to")];
  return {
    place: standsInFor ?? info.name,
    isStandIn: standsInFor !== undefined,
    makingId: read("making_id"),
    goesBackTo: goesBackTo === undefined ? undefined : Number(goesBackTo),
    ...{ name, identityId, orgId },
    sites: words(read("sites")),
    types: words(read("types"))?.filter(isReadingType),
    ack: config.ack_policy === "none" ? "none" : "explicit",
    createdAt: read("created_at") ?? info.created,
    filters: {
      subjects: config.filter_subjects ?? [],
      isWidened: read("widened") === "true",
    },
    start: {
      afterSequence: Number(read("after_sequence") ?? 0),
      isLastPerDer: config.deliver_policy === "last_per_subject",
    },
    pending: info.num_pending,
    ackPending: info.num_ack_pending,
    isUnread: delivered.consumer_seq === 0,
    ackPendingMax: config.ack_policy === "none" ? undefined : config.max_ack_pending,
    deliveredSequence: delivered.stream_seq,
    ackedSequence: info.ack_floor.stream_seq,
    isActive:
      info.num_waiting > 0 ||
      Date.parse(info.created) > recentMs ||
      // The server writes a time here, whatever the client's types say.
      Date.parse(String(delivered.last_active)) > recentMs,
  };
}

const key = (name: string) => `novacore.${name}`;

/** Ids and types hold no blanks. */
function words(text: string | undefined): string[] | undefined {
  return text?.split(" ").filter((word) => word !== "");
}

function isReadingType(word: string): word is ReadingType {
  return readingTypes.some((type) => type === word);
}
