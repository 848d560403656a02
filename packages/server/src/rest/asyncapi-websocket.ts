import {
  type ClientOp,
  clientFrames,
  errorTable,
  type ServerOp,
  serverFrames,
  webSocketProtocol,
} from "@novacore/protocol";
import { type TObject, Type } from "typebox";
import { clientExamples, serverExamples } from "./asyncapi-examples.ts";
import {
  type ApiMessage,
  type ApiOperation,
  type ApiPart,
  messagesByName,
  messagesOf,
  reference,
} from "./asyncapi-messages.ts";

const channel = "websocket";

/** What answers each frame of a client; `credit` is answered only when it is refused. */
const answers: Readonly<Record<ClientOp, readonly ServerOp[]>> = {
  auth: ["authenticated", "error"],
  subscribe: ["subscribed", "error"],
  unsubscribe: ["unsubscribed", "error"],
  refresh: ["authenticated", "error"],
  credit: ["error"],
  publish: ["ack", "error"],
  ping: ["pong", "error"],
};

/** The WebSocket protocol: every frame a message, every frame of a client an operation with its reply. */
export function describeWebSocket(): ApiPart {
  const fromClient = messages(clientFrames, clientExamples);
  const fromServer = messages(serverFrames, serverExamples);
  return {
    channels: {
      [channel]: {
        address: "/ws",
        title: `WebSocket, ${webSocketProtocol}`,
        description: "One JSON object a text frame; `op` says which.",
        servers: [reference("servers", "websocket"), reference("servers", "realtime")],
        messages: messagesByName([...Object.keys(fromClient), ...Object.keys(fromServer)]),
        bindings: { ws: { method: "GET", ...handshake, bindingVersion: "0.1.0" } },
        "x-close-codes": closeCodes(),
      },
    },
    operations: {
      ...operations("receive", fromClient),
      ...operations("send", fromServer),
    },
    messages: { ...fromClient, ...fromServer },
  };
}

const handshake = {
  query: Type.Object({
    ticket: Type.Optional(
      Type.String({ description: "From POST /stream/tickets, for clients that send no header" }),
    ),
  }),
  headers: Type.Object({
    "sec-websocket-protocol": Type.Literal(webSocketProtocol),
    authorization: Type.Optional(Type.String({ description: "Bearer …" })),
  }),
};

function messages(
  frames: Readonly<Record<string, TObject>>,
  examples: Readonly<Record<string, unknown>>,
): Readonly<Record<string, ApiMessage>> {
  const entries = Object.entries(frames).map(([op, payload]): [string, ApiMessage] => [
    op,
    {
      name: op,
      title: op,
      summary: summaryOf(payload),
      contentType: "application/json",
      payload,
      examples: [{ payload: examples[op] }],
    },
  ]);
  return Object.fromEntries(entries);
}

function operations(
  action: ApiOperation["action"],
  frames: Readonly<Record<string, ApiMessage>>,
): Readonly<Record<string, ApiOperation>> {
  const replies: Readonly<Record<string, readonly string[]>> = action === "receive" ? answers : {};
  const entries = Object.values(frames).map(({ name, summary }): [string, ApiOperation] => {
    const reply = replies[name];
    return [
      `${channel}-${name}`,
      {
        action,
        summary,
        channel: reference("channels", channel),
        messages: messagesOf(channel, [name]),
        ...(reply && {
          reply: { channel: reference("channels", channel), messages: messagesOf(channel, reply) },
        }),
      },
    ];
  });
  return Object.fromEntries(entries);
}

/** Which error ends a connection with which code, and whether to come back. */
function closeCodes(): Readonly<Record<string, object>> {
  const rows = Object.entries(errorTable).flatMap(([error, row]): [string, object][] => {
    if (!("close" in row)) return [];
    const { close, sentence } = row;
    const reconnect = close >= 4_000 && close < 4_500;
    return [[`${close}`, { error, reconnect, sentence }]];
  });
  return Object.fromEntries(rows);
}

/** A schema's description says what the message is for. */
function summaryOf(schema: object): string {
  return "description" in schema ? String(schema.description) : "";
}
