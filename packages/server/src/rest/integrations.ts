import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import { Type } from "typebox";
import { limits } from "../limits.ts";
import { type Integration, integrationScopes } from "../registry/integrations.ts";
import { closed, Id, idOf, Name, nothing, nullable, PageQuery, pageOf, Time } from "./fields.ts";
import { KeyChoice, NewKey, oneKey, takeKey } from "./integration-keys.ts";
import { sendPage } from "./paging.ts";
import type { ResourceOptions } from "./routes.ts";

const Scopes = Type.Array(Type.Enum(integrationScopes), { minItems: 1, uniqueItems: true });
const SiteIds = nullable(
  Type.Array(Id, { minItems: 1, maxItems: limits.integrationSitesMax, uniqueItems: true }),
);
const NewIntegration = Type.Interface(
  [KeyChoice],
  { name: Name, scopes: Scopes, site_ids: Type.Optional(SiteIds) },
  { ...closed, ...oneKey, title: "NewIntegration", description: "A back end to be let in" },
);
const Settings = Type.Object(
  { name: Type.Optional(Name), site_ids: Type.Optional(SiteIds) },
  {
    ...closed,
    "x-rule": { minProperties: 1 },
    title: "IntegrationSettings",
    description: "What of an integration can be changed",
  },
);
const IntegrationAnswer = Type.Object(
  {
    id: Type.String(),
    org_id: Type.String(),
    name: nullable(Type.String()),
    scopes: Type.Array(Type.Enum(integrationScopes)),
    site_ids: nullable(Type.Array(Type.String())),
    public_key: nullable(Type.String({ description: "Hex" })),
    created_by: Type.String(),
    created_at: Time,
    last_seen_at: nullable(Time),
  },
  { title: "Integration", description: "A back end that an organization lets in" },
);
const IntegrationWithKey = Type.Interface(
  [IntegrationAnswer, NewKey],
  {},
  {
    title: "IntegrationWithKey",
    description: "An integration, and the private key that the hub has just made for it",
  },
);
const OrgParams = Type.Object({ org_id: idOf("Id of the organization") });
const Params = Type.Interface([OrgParams], { id: idOf("Id of the integration's identity") });

/** Back ends that an organization gives access to its readings. */
export const integrationRoutes: FastifyPluginAsyncTypebox<ResourceOptions> = async (
  app,
  { registry, access, callerOf },
) => {
  const read = async (orgId: string, id: string) => {
    const integration = await registry.integrations.get(id);
    if (integration?.orgId !== orgId || integration.revokedAt !== null) {
      throw new NovacoreError("not_found");
    }
    return integration;
  };
  const toAnswer = async (integration: Integration) => {
    const [publicKey = null] = await registry.identities.keys(integration.identityId);
    return describe(integration, publicKey);
  };

  app.post(
    "/organizations/:org_id/integrations",
    {
      schema: {
        operationId: "createIntegration",
        summary: "Give a back end access; a generated private key is told once",
        params: OrgParams,
        body: NewIntegration,
        response: { 201: IntegrationWithKey },
      },
    },
    async (request, reply) => {
      const { org_id: orgId } = request.params;
      const { name, scopes, site_ids: siteIds } = request.body;
      const { identityId: createdBy } = await authorize(request, "integration.manage");
      const { publicKeys, privateKey } = takeKey(request.body);
      const integration = await registry.integrations.create({
        ...{ orgId, name, scopes, publicKeys, createdBy },
        siteIds: siteIds ?? undefined,
      });
      const { identityId } = integration;
      const fields = { identityId, orgId, scopes, siteIds, by: createdBy };
      request.log.info({ event: "integration_created", ...fields }, "a back end was given access");
      reply.header("cache-control", "no-store");
      return reply.code(201).send({ ...(await toAnswer(integration)), ...privateKey });
    },
  );

  app.get(
    "/organizations/:org_id/integrations",
    {
      schema: {
        operationId: "listIntegrations",
        summary: "List the back ends that have access",
        params: OrgParams,
        querystring: PageQuery,
        response: { 200: pageOf(IntegrationAnswer) },
      },
    },
    async (request, reply) => {
      await authorize(request, "integration.view");
      return sendPage(request, reply, request.query, async (page) =>
        Promise.all((await registry.integrations.list(request.params.org_id, page)).map(toAnswer)),
      );
    },
  );

  app.get(
    "/organizations/:org_id/integrations/:id",
    {
      schema: {
        operationId: "getIntegration",
        summary: "Show a back end that has access",
        params: Params,
        response: { 200: IntegrationAnswer },
      },
    },
    async (request) => {
      await authorize(request, "integration.view");
      return toAnswer(await read(request.params.org_id, request.params.id));
    },
  );

  app.patch(
    "/organizations/:org_id/integrations/:id",
    {
      schema: {
        operationId: "updateIntegration",
        summary: "Rename it, or change the sites that it sees, on its connections as well",
        params: Params,
        body: Settings,
        response: { 200: IntegrationAnswer },
      },
    },
    async (request) => {
      const { org_id: orgId, id } = request.params;
      const { name, site_ids: siteIds } = request.body;
      const { identityId: by } = await authorize(request, "integration.manage");
      const { identityId } = await read(orgId, id);
      if (name === undefined && siteIds === undefined) {
        throw new NovacoreError("validation_failed", "Give name, site_ids or both.");
      }
      await registry.integrations.update({ orgId, identityId }, { name, siteIds });
      const fields = { identityId, orgId, name, siteIds, by };
      request.log.info({ event: "integration_changed", ...fields }, "a back end was changed");
      return toAnswer(await read(orgId, id));
    },
  );

  app.post(
    "/organizations/:org_id/integrations/:id/keys",
    {
      schema: {
        operationId: "replaceIntegrationKey",
        summary: "Replace its key; the old one ends at once, and connections with it",
        params: Params,
        body: KeyChoice,
        response: { 201: IntegrationWithKey },
      },
    },
    async (request, reply) => {
      const { org_id: orgId, id } = request.params;
      const { identityId: by } = await authorize(request, "integration.manage");
      const integration = await read(orgId, id);
      const { publicKeys, privateKey } = takeKey(request.body);
      await registry.integrations.rotateKey(id, publicKeys);
      const fields = { identityId: id, orgId, by };
      request.log.info({ event: "integration_key_replaced", ...fields }, "a key was replaced");
      reply.header("cache-control", "no-store");
      return reply.code(201).send({ ...(await toAnswer(integration)), ...privateKey });
    },
  );

  app.delete(
    "/organizations/:org_id/integrations/:id",
    {
      schema: {
        operationId: "revokeIntegration",
        summary: "Take access away, at once and for good",
        params: Params,
        response: { 204: nothing() },
      },
    },
    async (request, reply) => {
      const { org_id: orgId, id } = request.params;
      const { identityId: by } = await authorize(request, "integration.manage");
      await read(orgId, id);
      await registry.integrations.revoke(id);
      const fields = { identityId: id, orgId, by };
      request.log.info({ event: "integration_revoked", ...fields }, "a back end lost its access");
      return reply.code(204).send(null);
    },
  );

  async function authorize(
    request: Parameters<typeof callerOf>[0] & { params: { org_id: string } },
    action: "integration.view" | "integration.manage",
  ) {
    const caller = await callerOf(request);
    await access.authorize(caller, action, { orgId: request.params.org_id });
    return caller;
  }
};

function describe(integration: Integration, publicKey: string | null) {
  return {
    id: integration.identityId,
    org_id: integration.orgId,
    name: integration.name,
    scopes: [...integration.scopes],
    site_ids: integration.siteIds === undefined ? null : [...integration.siteIds],
    public_key: publicKey,
    created_by: integration.createdBy,
    created_at: integration.createdAt,
    last_seen_at: integration.lastSeenAt,
  };
}
