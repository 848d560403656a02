import { setTimeout as delay } from "node:timers/promises";
import type { VirtualGateway } from "./gateway.ts";
import type { Log } from "./log.ts";
import { connectMqtt } from "./mqtt-connection.ts";

/** A gateway's MQTT connection: publishes with QoS 1 and comes back by itself for ever. */
export interface Uplink {
  /**
   * Queues a message. While the hub is away the newest messages are kept, up to `spoolMax`; the
   * oldest are dropped and counted.
   */
  publish(topic: string, payload: string): void;
  /** Resolves at the first acknowledgement: the hub has accepted login and message. */
  readonly acknowledged: Promise<void>;
  readonly counts: { readonly acknowledged: number; readonly dropped: number };
  /** Waits a moment for what is under way, then disconnects. */
  close(): Promise<void>;
}

export interface UplinkOptions {
  readonly gateway: VirtualGateway;
  readonly mqttUrl: string;
  readonly log: Log;
  /** Messages kept while the hub is away: default ten minutes of a home's four readings a second. */
  readonly spoolMax?: number;
}

/** Sent and not yet acknowledged: two seconds' worth of readings, and enough to catch up fast. */
const inFlightMax = 64;
const closeMs = 2_000;

export function connectUplink(options: UplinkOptions): Uplink {
  const { gateway, mqttUrl, log, spoolMax = 2_400 } = options;
  const client = connectMqtt(gateway, mqttUrl);
  client.on("error", (error) => log.warn({ reason: error.message }, "gateway connection failed"));

  const spool: { topic: string; payload: string }[] = [];
  const counts = { acknowledged: 0, dropped: 0 };
  const first = Promise.withResolvers<void>();
  let inFlight = 0;
  let isUp = false;
  const drain = () => {
    while (client.connected && inFlight < inFlightMax) {
      const message = spool.shift();
      if (message === undefined) return;
      inFlight += 1;
      client.publish(message.topic, message.payload, { qos: 1 }, (error) => {
        inFlight -= 1;
        if (error) {
          log.warn({ reason: error.message }, "a reading was not acknowledged");
        } else {
          counts.acknowledged += 1;
          first.resolve();
        }
        drain();
      });
    }
  };
  client.on("close", () => {
    if (isUp) log.info({ serial: gateway.serial }, "gateway disconnected");
    isUp = false; // a failed attempt closes too
  });
  client.on("connect", () => {
    isUp = true;
    log.info({ serial: gateway.serial }, "gateway connected");
    drain();
  });
  return {
    publish(topic, payload) {
      if (spool.length >= spoolMax) {
        spool.shift();
        counts.dropped += 1;
      }
      spool.push({ topic, payload });
      drain();
    },
    acknowledged: first.promise,
    counts,
    async close() {
      // It waits for acknowledgements; one that never comes is not waited for by a second `end`.
      const overdue = new AbortController();
      const late = delay(closeMs, undefined, overdue).catch(() => undefined);
      await Promise.race([client.endAsync(), late]);
      overdue.abort();
      client.stream.destroy();
    },
  };
}
