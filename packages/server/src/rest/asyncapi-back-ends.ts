import { EnrichedReading } from "@novacore/protocol";
import { Type } from "typebox";
import { enrichedExample } from "./asyncapi-examples.ts";
import {
  type ApiMessage,
  type ApiPart,
  messagesByName,
  messagesOf,
  reference,
} from "./asyncapi-messages.ts";

const name = "nats-reading";
const sequence = (description: string) => Type.String({ pattern: "^[0-9]+$", description });

const reading: ApiMessage = {
  name,
  title: name,
  summary: "One stored reading, as it comes to a back end.",
  contentType: "application/json",
  headers: Type.Object({
    "Nats-Msg-Id": Type.String({
      description: "{der_id}:{timestamp}, by which to find duplicates",
    }),
    "Nats-Sequence": Type.Optional(sequence("Position in the stream; of live messages")),
    "Nats-Last-Sequence": Type.Optional(sequence("Of the DER's reading before, 0: none is kept")),
  }),
  payload: EnrichedReading,
  examples: [
    {
      headers: {
        "Nats-Msg-Id": `${enrichedExample.der_id}:${enrichedExample.timestamp}`,
        "Nats-Sequence": "42",
        "Nats-Last-Sequence": "35",
      },
      payload: enrichedExample,
    },
  ],
};

/** What back ends hear over NATS. */
export function describeBackEnds(): ApiPart {
  return {
    channels: {
      "nats-readings": {
        address: "orgs.{orgId}.sites.{siteId}.devices.{deviceId}.ders.{derId}.telemetry.json.v1",
        title: "Stored readings of an organization",
        description:
          "Subscribe with * in the place of ids, or below `orgs.{orgId}.`; an integration that is " +
          "limited to sites, below each of `orgs.{orgId}.sites.{siteId}.`. Up to seven days back " +
          "they come from the consumers of POST /nats/consumers.",
        servers: [reference("servers", "nats"), reference("servers", "realtime")],
        parameters: {
          orgId: { description: "Id of the integration's organization" },
          siteId: { description: "Id of the site" },
          deviceId: { description: "Id of the device" },
          derId: { description: "Id of the DER" },
        },
        messages: messagesByName([name]),
      },
    },
    operations: {
      "nats-readings": {
        action: "send",
        summary: "Every reading, once it is stored.",
        channel: reference("channels", "nats-readings"),
        messages: messagesOf("nats-readings", [name]),
      },
    },
    messages: { [name]: reading },
  };
}
