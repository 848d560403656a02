import { EnrichedReading, errorTable, serverFrames } from "@novacore/protocol";
import { type TObject, type TSchema, Type } from "typebox";
import { StreamQuery } from "../deliver/sse.ts";
import { enrichedExample, serverExamples } from "./asyncapi-examples.ts";
import {
  type ApiChannel,
  type ApiMessage,
  type ApiOperation,
  type ApiPart,
  messagesByName,
  messagesOf,
  reference,
} from "./asyncapi-messages.ts";

const { cursor } = serverExamples.heartbeat;

/** What WebSocket says with a frame, SSE says with a named event: the frame without op and id. */
const controls = ["reset", "caught_up", "liveness", "token_expiring"] as const;

/** Server-Sent Events: three addresses with the same events. */
export function describeSse(): ApiPart {
  const messages: Readonly<Record<string, ApiMessage>> = {
    "sse-reading": message("reading", {
      summary: "One stored reading, as an unnamed event; `id` resumes after it.",
      headers: Type.Object({ id: serverFrames.heartbeat.properties.cursor }),
      payload: EnrichedReading,
      example: { headers: { id: cursor }, payload: enrichedExample },
    }),
    ...Object.fromEntries(controls.map((name) => [`sse-${name}`, control(name)])),
    "sse-end": end,
  };
  const channels: Readonly<Record<string, ApiChannel>> = {
    "sse-site": channel("/stream/sites/{siteId}", "One site", messages, {
      siteId: { description: "Id of the site" },
    }),
    "sse-organization": channel("/stream/orgs/{orgId}", "The sites of an organization", messages, {
      orgId: { description: "Id of the organization" },
    }),
    "sse-sites": channel("/stream", "Several sites, named by ?site=", messages),
  };
  const operations = Object.keys(channels).map((name): [string, ApiOperation] => [
    `${name}-stream`,
    {
      action: "send",
      summary: "Readings as they are stored, from now on or from a position in the past.",
      channel: reference("channels", name),
      messages: messagesOf(name, Object.keys(messages)),
      bindings: { http: { method: "GET", query: StreamQuery, bindingVersion: "0.3.0" } },
    },
  ]);
  return { channels, operations: Object.fromEntries(operations), messages };
}

function channel(
  address: string,
  title: string,
  messages: ApiPart["messages"],
  parameters?: ApiChannel["parameters"],
): ApiChannel {
  return {
    address,
    title,
    description:
      "A stream of text/event-stream. Control events are named, and sent as comments to who does " +
      "not ask for them by ?events=all. Last-Event-ID resumes.",
    servers: [reference("servers", "rest")],
    ...(parameters && { parameters }),
    messages: messagesByName(Object.keys(messages)),
  };
}

function control(name: (typeof controls)[number]): ApiMessage {
  const frame: TObject = serverFrames[name];
  const members = Object.entries(frame.properties).filter(isTold);
  return message(name, {
    summary: "description" in frame ? String(frame.description) : name,
    headers: Type.Object({ event: Type.Literal(name) }),
    payload: Type.Object(Object.fromEntries(members)),
    example: {
      headers: { event: name },
      payload: Object.fromEntries(Object.entries(serverExamples[name]).filter(isTold)),
    },
  });
}

/** A stream has no other stream beside it that an id would tell it from. */
function isTold([name]: readonly [string, unknown]): boolean {
  return name !== "op" && name !== "id";
}

const end = message("end", {
  summary: "The last event of a stream that the hub ends, named by the error's code.",
  headers: Type.Object({ event: Type.Enum(Object.keys(errorTable)) }),
  payload: Type.Object({ cursor: serverFrames.heartbeat.properties.cursor }),
  example: { headers: { event: "going_away" }, payload: { cursor } },
});

interface Event {
  readonly summary: string;
  readonly headers: TSchema;
  readonly payload: TSchema;
  readonly example: ApiMessage["examples"][number];
}

function message(name: string, { summary, headers, payload, example }: Event): ApiMessage {
  return {
    name: `sse-${name}`,
    title: name,
    summary,
    contentType: "application/json",
    headers,
    payload,
    examples: [example],
  };
}
