import { generateKeyPairSync } from "node:crypto";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import { type Static, Type } from "typebox";
import { readPublicKeys } from "../access/keys.ts";
import { limits } from "../limits.ts";
import { type Integration, integrationScopes } from "../registry/integrations.ts";
import { Id, Name, nullable, PageQuery, PublicKey, Time } from "./fields.ts";
import { sendPage } from "./paging.ts";
import type { ResourceOptions } from "./routes.ts";

const KeyChoice = Type.Object({
  public_key: Type.Optional(PublicKey),
  generate: Type.Optional(Type.Literal(true, { description: "The hub makes an ES256 key pair" })),
});
const Scopes = Type.Array(Type.Enum(integrationScopes), { minItems: 1, uniqueItems: true });
const SiteIds = nullable(
  Type.Array(Id, { minItems: 1, maxItems: limits.integrationSitesMax, uniqueItems: true }),
);
const IntegrationAnswer = Type.Object({
  id: Type.String(),
  org_id: Type.String(),
  name: nullable(Type.String()),
  scopes: Type.Array(Type.Enum(integrationScopes)),
  site_ids: nullable(Type.Array(Type.String())),
  public_key: nullable(Type.String()),
  created_by: Type.String(),
  created_at: Time,
  last_seen_at: nullable(Time),
});
/** Told once, in the answer to the request that had it made. */
const NewKey = Type.Object({
  private_key: Type.Optional(
    Type.Object({ pem: Type.String(), jwk: Type.Record(Type.String(), Type.String()) }),
  ),
});
const OrgParams = Type.Object({ org_id: Id });
const Params = Type.Object({ org_id: Id, id: Id });

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
        summary: "Give a back end access; a generated private key is told once",
        params: OrgParams,
        body: Type.Interface([KeyChoice], {
          name: Name,
          scopes: Scopes,
          site_ids: Type.Optional(SiteIds),
        }),
        response: { 201: Type.Interface([IntegrationAnswer, NewKey], {}) },
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
        summary: "List the back ends that have access",
        params: OrgParams,
        querystring: PageQuery,
        response: { 200: Type.Array(IntegrationAnswer) },
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

  app.post(
    "/organizations/:org_id/integrations/:id/keys",
    {
      schema: {
        summary: "Replace its key; the old one ends at once, and connections with it",
        params: Params,
        body: KeyChoice,
        response: { 201: Type.Interface([IntegrationAnswer, NewKey], {}) },
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
    { schema: { summary: "Take access away, at once and for good", params: Params } },
    async (request, reply) => {
      const { org_id: orgId, id } = request.params;
      const { identityId: by } = await authorize(request, "integration.manage");
      await read(orgId, id);
      await registry.integrations.revoke(id);
      const fields = { identityId: id, orgId, by };
      request.log.info({ event: "integration_revoked", ...fields }, "a back end lost its access");
      return reply.code(204).send();
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

interface KeyPair {
  readonly publicKeys: readonly string[];
  /** What the answer says of a pair that the hub has made. */
  readonly privateKey: Static<typeof NewKey>;
}

/** Throws `key_invalid`, or `validation_failed` unless one of the two is given. */
function takeKey({ public_key: publicKey, generate }: Static<typeof KeyChoice>): KeyPair {
  if ((publicKey === undefined) === (generate === undefined)) {
    const message = "Give either public_key or generate: true.";
    const details = [{ path: "/public_key", message }];
    throw new NovacoreError("validation_failed", message, { details });
  }
  if (publicKey !== undefined) {
    return { publicKeys: readPublicKeys(publicKey).map(({ hex }) => hex), privateKey: {} };
  }
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const [{ hex }] = readPublicKeys(pair.publicKey.export({ format: "jwk" }));
  const { kty = "", crv = "", x = "", y = "", d = "" } = pair.privateKey.export({ format: "jwk" });
  const pem = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { publicKeys: [hex], privateKey: { private_key: { pem, jwk: { kty, crv, x, y, d } } } };
}

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
