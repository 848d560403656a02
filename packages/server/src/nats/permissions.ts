import { namePattern } from "@novacore/protocol";

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
