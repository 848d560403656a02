import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { errorTable } from "@novacore/protocol";
import { type ApiDocument, documentAnswers, sendDocument, toDocument } from "./api-document.ts";
import { describeBackEnds } from "./asyncapi-back-ends.ts";
import { describeGateways } from "./asyncapi-gateways.ts";
import { schemaComponents, withReferences } from "./asyncapi-messages.ts";
import { describeServers, type HubAddresses, securitySchemes } from "./asyncapi-servers.ts";
import { describeSse } from "./asyncapi-sse.ts";
import { describeWebSocket } from "./asyncapi-websocket.ts";

export interface AsyncApiOptions {
  readonly version: string;
  /** Known once every port is open. */
  readonly addresses: Promise<HubAddresses>;
}

/** `GET /asyncapi.json`: the protocols of the hub, described from the schemas that check them. */
export const asyncApiRoutes: FastifyPluginAsyncTypebox<AsyncApiOptions> = async (
  app,
  { version, addresses },
) => {
  let built: Promise<ApiDocument> | undefined;
  app.get(
    "/asyncapi.json",
    {
      schema: {
        operationId: "describeStreams",
        summary: "Describe the streams: SSE, WebSocket, MQTT and NATS (AsyncAPI 3)",
        security: [],
        response: documentAnswers,
      },
    },
    async (request, reply) => {
      built ??= addresses.then((known) => toDocument(describeHub(version, known)));
      return sendDocument(request, reply, await built);
    },
  );
};

function describeHub(version: string, addresses: HubAddresses) {
  const parts = [describeWebSocket(), describeSse(), describeBackEnds(), describeGateways()];
  const merged = (name: "channels" | "operations" | "messages") =>
    withReferences(Object.assign({}, ...parts.map((part) => part[name])));
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Novacore",
      version,
      description:
        "Readings of distributed energy resources: how gateways send them, and how those who may " +
        "see them hear them.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    defaultContentType: "application/json",
    servers: describeServers(addresses),
    channels: merged("channels"),
    operations: merged("operations"),
    components: { messages: merged("messages"), schemas: schemaComponents(), securitySchemes },
    // Codes that stand in answers and frames: what they mean, and whether to try again.
    "x-errors": errorTable,
  };
}
