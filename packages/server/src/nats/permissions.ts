import { namePattern } from "@novacore/protocol";
import { limits } from "../limits.ts";

/** What one login may do: allow-lists only, and never an empty one, which would mean everything. */
export interface Permissions {
  readonly publish: readonly [string, ...string[]];
  readonly subscribe: readonly [string, ...string[]];
}

export type Transport = "nats" | "mqtt" | "websocket";

/**
 * A gateway or device publishes below its own name and hears its own control subjects and its own
 * inbox; nothing else. Throws when `id` is no plain name: a dot or a wildcard in it would open other
 * subjects.
 */
export function devicePermissions(id: string, transport: Transport): Permissions {
  if (!namePattern.test(id)) throw new Error(`"${id}" cannot stand in a subject`);
  const control = `gateways.${id}.devices.*.ders.*.control`;
  const subscribe = [`${control}.>`, `_INBOX_${id}.>`] as const;
  if (transport !== "mqtt") return { publish: [`gateways.${id}.>`], subscribe };
  return {
    publish: [`gateways.${id}.>`],
    subscribe: [
      ...subscribe,
      // "…/control/#" matches "…/control" as well, and the server subscribes to both or to none.
      control,
      // QoS 1 is delivered through such a subject. Only for MQTT, where the server refuses every
      // subscription to it that is not its own: a NATS client could read others' messages there.
      "$MQTT.sub.*",
    ],
  };
}

/**
 * The consumers that the hub may make for a back end, by their names in nats-server. They stand in
 * its permissions from its login on, so that one made later works without another login.
 */
export function consumerPlaces(identityId: string): readonly string[] {
  if (!namePattern.test(identityId)) throw new Error(`"${identityId}" cannot stand in a subject`);
  return Array.from({ length: limits.consumersPerIntegrationMax }, (_, i) => `${identityId}_${i}`);
}

/** A back end that logs in. */
export interface BackEnd {
  readonly identityId: string;
  readonly orgId: string;
  /** The only sites that it sees; undefined: all of the organization. */
  readonly siteIds: readonly string[] | undefined;
}

/**
 * A back end hears the stored readings of its organization or sites, and asks its own consumers for
 * more; it publishes nothing else. Every stream and consumer is named literally: with a wildcard it
 * could ask others' consumers. Throws for ids that are no plain names, and for a list of no sites,
 * which nobody may mistake for all of them.
 */
export function backEndPermissions({ identityId, orgId, siteIds }: BackEnd): Permissions {
  for (const id of [orgId, ...(siteIds ?? [])]) {
    if (!namePattern.test(id)) throw new Error(`"${id}" cannot stand in a subject`);
  }
  if (siteIds?.length === 0) throw new Error(`${identityId} sees no site`);
  const [first = "", ...others] = consumerPlaces(identityId).flatMap(consumerSubjects);
  return {
    publish: [first, ...others],
    subscribe: [`_INBOX_${identityId}.>`, ...readingSubjects(orgId, siteIds)],
  };
}

/** What a back end may subscribe to, apart from its inbox. */
export function readingSubjects(
  orgId: string,
  siteIds: readonly string[] | undefined,
): readonly string[] {
  return siteIds?.map((id) => `orgs.${orgId}.sites.${id}.>`) ?? [`orgs.${orgId}.>`];
}

function consumerSubjects(consumer: string): string[] {
  return [
    `${clientApi}.MSG.NEXT.${enrichedTelemetry}.${consumer}`,
    `${clientApi}.INFO.${enrichedTelemetry}.${consumer}`,
    `$JS.ACK.${enrichedTelemetry}.${consumer}.>`,
    // The form of `feature_flags { js_ack_fc_v2 }`. The domain is literal (`_` is none): with a
    // wildcard for it, `$JS.ACK.ENRICHED_TELEMETRY.{other}.ENRICHED_TELEMETRY.{own}.…` would be
    // allowed too, which is the first form of an acknowledgement to another's consumer.
    `$JS.ACK._.*.${enrichedTelemetry}.${consumer}.>`,
  ];
}

const enrichedTelemetry = "ENRICHED_TELEMETRY";
/** The name of JetStream's domain that clients give, so that it does not look like their own. */
export const clientDomain = "hub";
const clientApi = `$JS.${clientDomain}.API.CONSUMER`;

/** What back ends ask their consumers, whosever they are, as account HUB hears it. */
export const requestSubjects = ["MSG.NEXT", "INFO"].map(
  (verb) => `$JS.API.CONSUMER.${verb}.${enrichedTelemetry}.*`,
);

/** What nats-server hands between account HUB and those of back ends. */
export const sharedSubjects = {
  /** Stored readings: published by the stream in HUB, heard by back ends under the second name. */
  readings: { hub: "live.orgs.>", backEnd: "orgs.>" },
  /**
   * Requests of back ends, and their names in HUB; one is answered by many messages. For how long
   * nats-server remembers where an answer goes is what a flood of requests costs.
   */
  requests: [
    { verb: "MSG.NEXT", responseType: "stream", answerMs: limits.backEndPullAnswerMs },
    { verb: "INFO", responseType: "singleton", answerMs: limits.backEndAnswerMs },
  ].map(({ verb, ...answers }) => ({
    hub: `$JS.API.CONSUMER.${verb}.${enrichedTelemetry}.>`,
    backEnd: `${clientApi}.${verb}.${enrichedTelemetry}.>`,
    ...answers,
  })),
  /** Acknowledgements go by the subject that nats-server wrote into the message, in two forms. */
  acknowledgements: [`$JS.ACK.${enrichedTelemetry}.>`, `$JS.ACK._.*.${enrichedTelemetry}.>`],
} as const;

/**
 * Whether a reply subject lies in the identity's own inbox. nats-server does not check reply
 * subjects: whoever answers a gateway must, or the gateway makes the hub write into others' subjects.
 */
export function isOwnInbox(id: string, reply: string): boolean {
  return reply.startsWith(`_INBOX_${id}.`);
}

/**
 * Names that the hub uses for itself in nats-server, in whatever case, and everything in the shape
 * of a public key: the hub's own users are known by theirs.
 */
export function isReservedName(name: string): boolean {
  return (
    /^(sys|auth|dev|hub|ext_\d+|novacore|_.*|\$.*)$/i.test(name) || /^[A-Z2-7]{56}$/.test(name)
  );
}
