import { Reading, serverFrames } from "@novacore/protocol";
import { type TObject, type TSchema, Type } from "typebox";
import { limits } from "../limits.ts";
import { readingExample, serverExamples } from "./asyncapi-examples.ts";
import {
  type ApiChannel,
  type ApiMessage,
  type ApiOperation,
  type ApiPart,
  messagesByName,
  messagesOf,
  reference,
} from "./asyncapi-messages.ts";

/** What gateways send over MQTT and NATS. */
export function describeGateways(): ApiPart {
  return {
    channels: {
      ...both("telemetry", "gateways.{serial}.devices.{hardwareId}.ders.{der}.telemetry.json.v1", {
        title: "Readings, one a message",
        description: "Not retained. Over MQTT with QoS 1 it is acknowledged once it is stored.",
        message: "gateway-reading",
        parameters: { serial, hardwareId, der },
      }),
      ...both("state", "gateways.{serial}.state.json.v1", {
        title: "What a gateway says about itself",
        description: "About every 15 s; the last one is kept.",
        message: "gateway-state",
        parameters: { serial },
      }),
      "mqtt-inventory": {
        ...channelOf("mqtt", "gateways.{serial}.inventory.drivers.json.v1"),
        title: "The drivers of a gateway",
        description: "Retained, QoS 1, up to 128 KiB; the last one is kept.",
        parameters: { serial },
        messages: messagesByName(["gateway-inventory"]),
      },
      "nats-batch": {
        ...channelOf("nats", "gateways.{serial}.telemetry.batch"),
        title: "Readings, many a request",
        description: "Answered per reading once all are stored, in the gateway's own inbox.",
        parameters: { serial },
        messages: messagesByName(["gateway-batch"]),
      },
      "nats-batch-reply": {
        address: null,
        title: "Answers to batches",
        description: "The reply subject of the request; it lies below _INBOX_{serial}.",
        servers: [reference("servers", "nats")],
        messages: messagesByName(["gateway-batch-answer", "gateway-batch-refusal"]),
      },
    },
    operations: {
      "mqtt-telemetry": receive("mqtt-telemetry", "gateway-reading", mqttBinding(1, false)),
      "nats-telemetry": receive("nats-telemetry", "gateway-reading"),
      "mqtt-state": receive("mqtt-state", "gateway-state", mqttBinding(0, false)),
      "nats-state": receive("nats-state", "gateway-state"),
      "mqtt-inventory": receive("mqtt-inventory", "gateway-inventory", mqttBinding(1, true)),
      "nats-batch": {
        ...receive("nats-batch", "gateway-batch"),
        reply: {
          address: { location: "$message.header#/reply", description: "As NATS has it" },
          channel: reference("channels", "nats-batch-reply"),
          messages: messagesOf("nats-batch-reply", [
            "gateway-batch-answer",
            "gateway-batch-refusal",
          ]),
        },
      },
    },
    messages: gatewayMessages,
  };
}

const serial = { description: "The gateway's serial, which is also its user name" };
const hardwareId = {
  description: "hardware_id of the device, every character outside [A-Za-z0-9_-] replaced by _",
};
const der = { description: "The DER's name; or its type, if the device has one DER of it" };

const { op: _op, id: _id, ...answerMembers } = serverFrames.ack.properties;
const { op: _ackOp, id: _ackId, ...answerExample } = serverExamples.ack;
const { code, message: sentence } = serverFrames.error.properties;

const BatchItem = Type.Intersect([
  Reading,
  Type.Object({
    hardware_id: Type.String({ description: "The device's hardware_id, as it was provisioned" }),
    der: Type.Optional(
      Type.String({ description: "The DER's name or type; default: the reading's type" }),
    ),
  }),
]);

/** The hub keeps a gateway's own words and checks none of them: this is what gateways send. */
const State = Type.Object({
  serial: Type.Optional(Type.String()),
  version: Type.Optional(Type.String({ description: "Of the gateway's software" })),
  platform: Type.Optional(Type.String()),
  devices: Type.Optional(
    Type.Union([
      Type.Null(),
      Type.Array(
        Type.Object({
          sn: Type.String(),
          connected: Type.Boolean(),
          ders: Type.Optional(Type.Unknown()),
          error: Type.Optional(Type.String()),
        }),
      ),
    ]),
  ),
  timestamp: Type.Optional(Type.Number({ description: "Epoch seconds", "x-unit": "s" })),
});

const gatewayMessages: Readonly<Record<string, ApiMessage>> = {
  "gateway-reading": message("gateway-reading", readingExample, Reading, {
    summary:
      "One reading in canonical form; the dialects of gateways in the field are brought to it.",
  }),
  "gateway-batch": message(
    "gateway-batch",
    [{ ...readingExample, hardware_id: "sungrow:A1", der: "roof" }],
    Type.Array(BatchItem, { minItems: 1, maxItems: limits.batchReadingsMax }),
    { summary: "Readings of one gateway, as in an HTTP upload; NDJSON and gzip are taken too." },
  ),
  "gateway-batch-answer": message("gateway-batch-answer", answerExample, objectOf(answerMembers), {
    summary: "What became of each reading of a batch.",
  }),
  "gateway-batch-refusal": message(
    "gateway-batch-refusal",
    { error: "rate_limited", message: "4 uploads of gw-1 are under way; wait for their answers." },
    Type.Object({ error: code, message: sentence }),
    { summary: "The batch as a whole was not taken." },
  ),
  "gateway-state": message(
    "gateway-state",
    { serial: "gw-1", version: "1.4.0", platform: "linux", devices: null, timestamp: 1767225600 },
    State,
    { summary: "A gateway's last word about itself." },
  ),
  "gateway-inventory": message("gateway-inventory", { drivers: [] }, Type.Unknown(), {
    summary: "A gateway's drivers, in its own words.",
  }),
};

function objectOf(properties: Readonly<Record<string, TSchema>>): TObject {
  return Type.Object({ ...properties });
}

function message(
  name: string,
  example: unknown,
  payload: TSchema,
  { summary }: { readonly summary: string },
): ApiMessage {
  const contentType = "application/json";
  return { name, title: name, summary, contentType, payload, examples: [{ payload: example }] };
}

interface Topic extends Pick<ApiChannel, "title" | "description"> {
  readonly message: string;
  readonly parameters: NonNullable<ApiChannel["parameters"]>;
}

/** The same channel over MQTT and NATS: MQTT writes its subject with slashes. */
function both(name: string, subject: string, topic: Topic): ApiPart["channels"] {
  const { message: messageName, ...rest } = topic;
  const messages = messagesByName([messageName]);
  return {
    [`mqtt-${name}`]: { ...channelOf("mqtt", subject), ...rest, messages },
    [`nats-${name}`]: { ...channelOf("nats", subject), ...rest, messages },
  };
}

function channelOf(server: "mqtt" | "nats", subject: string) {
  const address = server === "mqtt" ? subject.replaceAll(".", "/") : subject;
  return { address, servers: [reference("servers", server)] };
}

function receive(channel: string, messageName: string, bindings?: object): ApiOperation {
  return {
    action: "receive",
    summary: gatewayMessages[messageName]?.summary ?? "",
    channel: reference("channels", channel),
    messages: messagesOf(channel, [messageName]),
    ...(bindings && { bindings }),
  };
}

function mqttBinding(qos: 0 | 1, retain: boolean): object {
  return { mqtt: { qos, retain, bindingVersion: "0.2.0" } };
}
