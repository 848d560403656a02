import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { type GatewayTelemetryAddress, parseGatewayTelemetrySubject } from "@novacore/protocol";
import type { Logger } from "pino";
import { limits } from "../limits.ts";
import { GatewayRates } from "./gateway-rates.ts";
import type { Outcome, Pipeline, Transport } from "./pipeline.ts";
import { type OnMessage, type Pull, startPull } from "./pull.ts";

export interface NatsSourceOptions {
  /** A connection to account DEV. */
  readonly dev: NatsConnection;
  readonly pipeline: Pick<Pipeline, "submit" | "reject" | "drop">;
  /** Told once a window about a gateway that publishes more than it may. */
  readonly onFlood: (serial: string) => void;
  readonly log: Pick<Logger, "warn">;
}

export interface NatsSource {
  /** Raw messages not yet ingested, by stream. */
  lag(): Readonly<Record<string, number>>;
  /** Stops reading; what was read is settled first. */
  close(): Promise<void>;
}

const telemetry = "gateways.*.devices.*.ders.*.telemetry.json.v1";
const mqttPrefix = "$MQTT.msgs.";
const durable = "ingest";

/**
 * Reads what gateways publish over NATS and MQTT, each message until it is stored as a reading or
 * as a rejection. MQTT QoS 1 stands in `$MQTT_msgs` as well, where the PUBACK comes from; it is
 * read there and skipped in GATEWAY_TELEMETRY, or each such reading would be worked on twice.
 */
export async function startNatsSource(options: NatsSourceOptions): Promise<NatsSource> {
  const { dev, log } = options;
  const pulls = await Promise.all([
    startPull({
      connection: dev,
      stream: "GATEWAY_TELEMETRY",
      durable,
      filter: telemetry,
      onMessage: withinRates(
        options,
        ingest(options, (message) => message.subject),
      ),
      log,
    }),
    startPull({
      connection: dev,
      stream: "$MQTT_msgs",
      durable,
      filter: mqttPrefix + telemetry,
      onMessage: ingest(options, (message) => message.subject.slice(mqttPrefix.length)),
      log,
    }),
  ] as const);
  return {
    lag: () => ({ GATEWAY_TELEMETRY: pulls[0].lag, $MQTT_msgs: pulls[1].lag }),
    close: () => closeAll(pulls),
  };
}

async function closeAll(pulls: readonly Pull[]): Promise<void> {
  await Promise.all(pulls.map((pull) => pull.close()));
}

function ingest({ pipeline }: NatsSourceOptions, subjectOf: (message: Msg) => string): OnMessage {
  const addresses = new AddressCache();
  return (message, storedMs, settled) => {
    const subject = subjectOf(message);
    const quality = mqttQuality(message);
    if (quality > 0 && subject === message.subject) {
      settled("done");
      return;
    }
    const done = (outcome: Outcome) => {
      settled(outcome.ok || !outcome.retryable ? "done" : "again");
    };
    const address = addresses.of(subject);
    if (address === undefined) {
      // The streams' subjects let nothing else in; a message must never block the others though.
      settled("done");
      return;
    }
    const transport: Transport = quality >= 0 ? "mqtt" : "nats";
    pipeline.submit(
      {
        serial: address.serial,
        hardwareId: address.hardwareId,
        der: address.der,
        payload: message.data,
        // Not when the hub reads it: after a pause of the hub that can be hours later.
        receivedAtMs: storedMs,
        transport,
      },
      done,
    );
  };
}

/**
 * Keeps a flood from delaying the others: what a gateway publishes beyond its rate is not taken. Only
 * for what nobody acknowledged; a PUBACK was a promise. One rejection a window says so, the metric
 * counts the rest.
 */
function withinRates(options: NatsSourceOptions, next: OnMessage): OnMessage {
  const { pipeline, onFlood } = options;
  const { gatewayRateWindowMs: windowMs, gatewayRateReadingsMax: readingsMax } = limits;
  const rates = new GatewayRates({ windowMs, readingsMax });
  return (message, storedMs, settled) => {
    const serial = message.subject.slice(serialStart, message.subject.indexOf(".", serialStart));
    const rate = rates.take(serial, storedMs);
    if (rate === "within") {
      next(message, storedMs, settled);
      return;
    }
    if (rate === "beyond") {
      pipeline.drop("rate_limited");
      settled("done");
      return;
    }
    onFlood(serial);
    const address = parseGatewayTelemetrySubject(message.subject);
    pipeline.reject(
      {
        serial,
        hardwareId: address?.hardwareId,
        der: address?.der,
        code: "rate_limited",
        message:
          `The gateway published more than ${readingsMax} readings in ${windowMs / 1000} s; ` +
          "this one and those after it in that time were not taken. Use uploads for bulk.",
        path: undefined,
        original: message.data,
      },
      () => settled("done"),
    );
  };
}

const serialStart = "gateways.".length;

/** Subjects taken apart: there are as many as DERs, and each comes again and again. */
class AddressCache {
  readonly #addresses = new Map<string, GatewayTelemetryAddress>();

  of(subject: string): GatewayTelemetryAddress | undefined {
    const known = this.#addresses.get(subject);
    if (known !== undefined) return known;
    const parsed = parseGatewayTelemetrySubject(subject);
    if (parsed === undefined) return undefined;
    const address = { ...parsed, hardwareId: fromMqttToken(parsed.hardwareId) };
    if (this.#addresses.size >= addressesMax) this.#addresses.clear();
    this.#addresses.set(subject, address);
    return address;
  }
}

const addressesMax = 50_000;

/** The QoS that nats-server notes on what came by MQTT; −1: it did not. */
function mqttQuality(message: Msg): number {
  const noted = message.headers?.get("Nmqtt-Pub");
  return noted === undefined || noted === "" ? -1 : Number(noted.slice(0, 1));
}

/** In a subject made from an MQTT topic, nats-server writes `//` for a dot. */
function fromMqttToken(token: string): string {
  return token.includes("//") ? token.replaceAll("//", ".") : token;
}
