import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import { Type } from "typebox";
import type { Access } from "../access/access.ts";
import type { Caller } from "../access/caller.ts";
import { withoutSecret } from "../nats/connection.ts";
import { clientDomain, consumerPlaces, readingSubjects } from "../nats/permissions.ts";
import type { Registry } from "../registry/database.ts";
import type { Integration } from "../registry/integrations.ts";
import type { HubAddresses } from "./asyncapi-servers.ts";
import type { CallerOf } from "./authenticate.ts";
import { idOf, nullable } from "./fields.ts";
import { natsSnippets } from "./nats-snippets.ts";
import { organizationOf } from "./organization-of.ts";
import { requestValidator } from "./validator.ts";

export interface NatsCredentialsOptions {
  readonly registry: Registry;
  readonly access: Access;
  readonly callerOf: CallerOf;
  /** Known once every port is open. */
  readonly addresses: Promise<Pick<HubAddresses, "natsUrl" | "websocketUrl">>;
  /** The stream of stored readings, and its creation time, epoch milliseconds. */
  readonly stream: { readonly name: string; readonly epoch: number };
}

const Login = Type.Object({
  method: Type.Enum(["jwt", "token", "nkey"]),
  description: Type.String(),
});
const CredentialsAnswer = Type.Object(
  {
    org_id: Type.String(),
    integration_id: nullable(Type.String()),
    urls: Type.Object({ nats: Type.String(), websocket: Type.String() }),
    inbox_prefix: Type.String(),
    subjects: Type.Array(Type.String()),
    stream: Type.String(),
    stream_epoch: Type.Integer({ description: "Of the stream's cursors, epoch ms" }),
    jetstream_domain: Type.String(),
    consumers: Type.Array(Type.String(), { description: "Names that its consumers can have" }),
    logins: Type.Array(Login),
    snippets: Type.Object({ typescript: Type.String(), python: Type.String(), go: Type.String() }),
  },
  {
    title: "NatsCredentials",
    description: "What a back end's program needs to log in to NATS, but for its private key",
  },
);

/** `GET /nats/credentials`: all that a back end's program needs to know, but for its private key. */
export const natsCredentialsRoutes: FastifyPluginAsyncTypebox<NatsCredentialsOptions> = async (
  app,
  { registry, access, callerOf, addresses, stream },
) => {
  app.setValidatorCompiler(requestValidator);
  app.get(
    "/nats/credentials",
    {
      schema: {
        operationId: "getNatsCredentials",
        summary: "What a back end needs to log in to NATS, with a program to begin with",
        querystring: Type.Object({
          org_id: Type.Optional(idOf("Of this organization")),
          integration_id: Type.Optional(idOf("Of this integration; one asks for its own")),
        }),
        response: { 200: CredentialsAnswer },
      },
    },
    async (request) => {
      const caller = await callerOf(request);
      const { integration, orgId } = await find(registry, access, caller, request.query);
      const id = integration?.identityId ?? placeholder;
      const { natsUrl, websocketUrl } = await addresses;
      const nats = seenFrom(request.hostname, withoutSecret(natsUrl));
      const subjects = readingSubjects(orgId, integration?.siteIds);
      return {
        org_id: orgId,
        integration_id: integration?.identityId ?? null,
        urls: { nats, websocket: seenFrom(request.hostname, websocketUrl) },
        inbox_prefix: `_INBOX_${id}`,
        subjects: [...subjects],
        stream: stream.name,
        stream_epoch: stream.epoch,
        jetstream_domain: clientDomain,
        consumers: [...consumerPlaces(id)],
        logins: loginsOf(id, orgId),
        snippets: natsSnippets({ natsUrl: nats, integrationId: id, subject: subjects[0] ?? "" }),
      };
    },
  );
};

/** Stands where an id must be filled in, when a person names no integration. */
const placeholder = "YOUR-INTEGRATION-ID";

interface Question {
  readonly org_id?: string;
  readonly integration_id?: string;
}

/**
 * Whose credentials are asked for; no integration when a person asks for the organization alone.
 * Throws `not_found`, `forbidden`, or `validation_failed` when a person names neither.
 */
async function find(
  registry: Registry,
  access: Access,
  caller: Caller,
  { org_id: namedOrg, integration_id: named }: Question,
): Promise<{ readonly integration: Integration | undefined; readonly orgId: string }> {
  const isItself = caller.identityType === "integration";
  const id = isItself ? caller.identityId : named;
  const found = id === undefined ? undefined : await registry.integrations.get(id);
  if (namedOrg === undefined && id !== undefined && found === undefined) {
    throw new NovacoreError("not_found");
  }
  const orgId = organizationOf(namedOrg, found);
  await access.authorize(caller, isItself ? "telemetry.read" : "integration.view", { orgId });
  if (id === undefined) return { integration: undefined, orgId };
  const isMeant = named === undefined || named === id;
  if (found?.orgId !== orgId || found.revokedAt !== null || !isMeant) {
    throw new NovacoreError("not_found");
  }
  return { integration: found, orgId };
}

function loginsOf(id: string, orgId: string) {
  const jwt =
    `User name ${id} or ${id}@${orgId}; password: a JWT that it signs itself, ES256, its header ` +
    `{"alg":"ES256","device":"${id}"}, its payload {"exp": seconds}. A fresh one for each connection.`;
  return [
    { method: "jwt" as const, description: jwt },
    {
      method: "token" as const,
      description: "A token of POST /auth/verify as NATS token, or as password of the user name.",
    },
    {
      method: "nkey" as const,
      description: "A registered Ed25519 key as user nkey, which signs the server's nonce.",
    },
  ];
}

/**
 * A hub that listens on this machine or on every address does not know its own name: the one by
 * which it was just reached leads there again.
 */
function seenFrom(hostname: string, urls: string): string {
  const isNameless = /^(127\.0\.0\.1|0\.0\.0\.0|\[::1?\]|localhost)$/;
  return urls
    .split(",")
    .map((text) => {
      const url = URL.parse(text.trim());
      if (url === null || !isNameless.test(url.hostname) || hostname === "") return text.trim();
      return `${url.protocol}//${hostname}:${url.port}`;
    })
    .join(",");
}
