import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import type { RegistryChange, RegistryChanges } from "./registry/changes.ts";

const subject = "novacore.registry.changed";
const kinds: readonly string[] = ["gateway", "identity", "keys", "member", "site"];

/**
 * Hubs that share a database tell each other what they changed in it, so that caches everywhere
 * forget it at once: over account HUB, where nobody but hubs is. Returns how to stop.
 */
export function shareRegistryNews(
  connection: NatsConnection,
  changes: RegistryChanges,
  log: Pick<Logger, "warn">,
): () => void {
  const hubId = crypto.randomUUID();
  const unsubscribe = changes.subscribe(({ kind, id, origin }) => {
    if (origin === "elsewhere" || connection.isClosed()) return;
    connection.publish(subject, JSON.stringify({ hubId, kind, id }));
  });
  const subscription = connection.subscribe(subject, {
    callback: (error, message) => {
      if (error !== null) return log.warn({ err: error }, "news of other hubs do not arrive");
      const news: { hubId?: unknown; kind?: unknown; id?: unknown } = message.json();
      if (news.hubId !== hubId && isKind(news.kind) && typeof news.id === "string") {
        changes.hear(news.kind, news.id);
      }
    },
  });
  return () => {
    unsubscribe();
    if (!connection.isClosed()) subscription.unsubscribe();
  };
}

function isKind(value: unknown): value is RegistryChange["kind"] {
  return typeof value === "string" && kinds.includes(value);
}
