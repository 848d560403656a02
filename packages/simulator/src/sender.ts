import type { VirtualGateway } from "./gateway.ts";
import { createHttpSender } from "./http-sender.ts";
import { createMqttSender } from "./mqtt-sender.ts";
import { createNatsSender } from "./nats-sender.ts";

/** A reading and where it is from, in whatever dialect. */
export interface Message {
  readonly hardwareId: string;
  /** The DER's name. */
  readonly der: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What the hub said of a message. MQTT only acknowledges, and says nothing of what it refuses. */
export type Outcome =
  | { readonly status: "acknowledged" | "stored" | "duplicate" }
  | {
      readonly status: "rejected";
      /** Of docs/errors.md. */
      readonly code: string;
      readonly message: string;
      /** JSON pointer of the member at fault. */
      readonly path: string | undefined;
    };

/** A gateway's way to the hub. */
export interface Sender {
  /**
   * Resolves once the hub has answered for each message, in their order. While the hub is away it
   * tries again for ever; throws what will not pass, and the signal's reason.
   */
  send(messages: readonly Message[], signal: AbortSignal): Promise<readonly Outcome[]>;
  close(): Promise<void>;
}

export const senderKinds = ["mqtt", "nats", "http"] as const;
export type SenderKind = (typeof senderKinds)[number];

/** Where a hub takes readings. */
export interface HubPlaces {
  readonly baseUrl: string;
  readonly mqttUrl: string;
  readonly natsUrl: string;
}

/** Opens the way; rejects when nobody takes the gateway's login there. */
export async function openSender(
  kind: SenderKind,
  gateway: VirtualGateway,
  { baseUrl, mqttUrl, natsUrl }: HubPlaces,
): Promise<Sender> {
  switch (kind) {
    case "mqtt":
      return createMqttSender(gateway, mqttUrl);
    case "nats":
      return createNatsSender(gateway, natsUrl);
    case "http":
      return createHttpSender(gateway, baseUrl);
  }
}
