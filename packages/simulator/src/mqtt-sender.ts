import { gatewayTelemetrySubject, sanitiseHardwareId } from "@novacore/protocol";
import type { MqttClient } from "mqtt";
import type { VirtualGateway } from "./gateway.ts";
import { connectMqtt } from "./mqtt-connection.ts";
import type { Message, Outcome, Sender } from "./sender.ts";

/** A hub that is there takes a login within a second, and a nats-server waits four for the hub. */
const connectMs = 15_000;
const acknowledged: Outcome = { status: "acknowledged" };

/** Publishes with QoS 1; what is not acknowledged when a connection is lost goes over the next. */
export async function createMqttSender(gateway: VirtualGateway, mqttUrl: string): Promise<Sender> {
  const client = connectMqtt(gateway, mqttUrl);
  await untilConnected(client, gateway.serial, mqttUrl);
  return {
    async send(messages, signal) {
      const sent = Promise.all(
        messages.map((message) =>
          client.publishAsync(topicOf(gateway.serial, message), JSON.stringify(message.payload), {
            qos: 1,
          }),
        ),
      );
      await untilAborted(sent, signal);
      return messages.map(() => acknowledged);
    },
    async close() {
      await client.endAsync(!client.connected);
    },
  };
}

function untilConnected(client: MqttClient, serial: string, mqttUrl: string): Promise<void> {
  let refusal = "no answer";
  client.on("error", ({ message }) => {
    refusal = message;
  });
  return new Promise((resolve, reject) => {
    const overdue = setTimeout(() => {
      client.end(true);
      reject(new Error(`${mqttUrl} did not take the login of gateway ${serial}: ${refusal}`));
    }, connectMs);
    client.once("connect", () => {
      clearTimeout(overdue);
      resolve();
    });
  });
}

function topicOf(serial: string, { hardwareId, der }: Message): string {
  const address = { serial, hardwareId: sanitiseHardwareId(hardwareId), der };
  return gatewayTelemetrySubject(address).replaceAll(".", "/");
}

/** The work goes on behind an abort, until the connection is closed, and nobody hears of it. */
async function untilAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    work.catch(() => undefined);
  }
}
