import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import { Type } from "typebox";
import { limits } from "../limits.ts";
import type { Organization } from "../registry/organizations.ts";
import { Id, idOf, Name, nothing, nullable, PageQuery, pageOf, Time } from "./fields.ts";
import { assertPerson } from "./members.ts";
import { sendPage } from "./paging.ts";
import type { ResourceOptions } from "./routes.ts";

const OrganizationAnswer = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    owner_id: Type.String(),
    retention_days: nullable(
      Type.Integer({ description: "Days that the archive keeps readings; null: for ever" }),
    ),
    created_at: Time,
  },
  {
    title: "Organization",
    description: "Who owns sites and gateways; nothing crosses from one to another",
  },
);
const NewOrganization = Type.Object(
  { name: Name },
  { title: "NewOrganization", description: "An organization to be made" },
);
const Settings = Type.Object(
  {
    name: Type.Optional(Name),
    owner_id: Type.Optional(Id),
    retention_days: Type.Optional(
      nullable(
        Type.Integer({
          minimum: 1,
          maximum: limits.retentionDaysMax,
          description: "Days that the archive keeps readings, by their timestamp; null: for ever",
        }),
      ),
    ),
  },
  { title: "OrganizationSettings", description: "What of an organization can be changed" },
);
const Params = Type.Object({ org_id: idOf("Id of the organization") });

/** Organizations: who creates one owns it. */
export const organizationRoutes: FastifyPluginAsyncTypebox<ResourceOptions> = async (
  app,
  { registry, access, callerOf },
) => {
  const read = async (id: string) => {
    const organization = await registry.organizations.get(id);
    if (organization === undefined) throw new NovacoreError("not_found");
    return toAnswer(organization);
  };

  app.post(
    "/organizations",
    {
      schema: {
        operationId: "createOrganization",
        summary: "Create an organization",
        body: NewOrganization,
        response: { 201: OrganizationAnswer },
      },
    },
    async (request, reply) => {
      const caller = await callerOf(request);
      if (caller.identityType === "gateway" || caller.identityType === "device") {
        throw new NovacoreError("forbidden", "A gateway or device cannot own an organization.");
      }
      const { name } = request.body;
      const created = await registry.organizations.create({ name, ownerId: caller.identityId });
      return reply.code(201).send(toAnswer(created));
    },
  );

  app.get(
    "/organizations",
    {
      schema: {
        operationId: "listOrganizations",
        summary: "List the caller's organizations",
        querystring: PageQuery,
        response: { 200: pageOf(OrganizationAnswer) },
      },
    },
    async (request, reply) => {
      const { identityId, identityType } = await callerOf(request);
      const isPlatform = identityType === "admin" || identityType === "root";
      return sendPage(request, reply, request.query, async (page) =>
        (await registry.organizations.list(isPlatform ? "anyone" : identityId, page)).map(toAnswer),
      );
    },
  );

  app.get(
    "/organizations/:org_id",
    {
      schema: {
        operationId: "getOrganization",
        summary: "Show an organization",
        params: Params,
        response: { 200: OrganizationAnswer },
      },
    },
    async (request) => {
      const { org_id: orgId } = request.params;
      await access.authorize(await callerOf(request), "org.view", { orgId });
      return read(orgId);
    },
  );

  app.put(
    "/organizations/:org_id",
    {
      schema: {
        operationId: "updateOrganization",
        summary: "Rename an organization, hand it over, or say how long its readings are kept",
        params: Params,
        body: Settings,
        response: { 200: OrganizationAnswer },
      },
    },
    async (request) => {
      const { org_id: orgId } = request.params;
      const { name, owner_id: ownerId, retention_days: retentionDays } = request.body;
      const caller = await callerOf(request);
      await access.authorize(caller, "org.update", { orgId });
      // What it removes does not come back, so that it is the owner's to say.
      if (retentionDays !== undefined) await access.authorize(caller, "org.retain", { orgId });
      const former = await read(orgId);
      const changesOwner = ownerId !== undefined && ownerId !== former.owner_id;
      if (changesOwner) {
        await access.authorize(caller, "org.transfer", { orgId });
        await assertPerson(registry, ownerId, "/owner_id");
        await registry.organizations.transfer(orgId, ownerId);
      }
      if (retentionDays !== undefined) {
        await registry.organizations.setRetention(orgId, retentionDays);
      }
      if (name !== undefined) await registry.organizations.rename(orgId, name);
      return read(orgId);
    },
  );

  app.delete(
    "/organizations/:org_id",
    {
      schema: {
        operationId: "deleteOrganization",
        summary: "Delete an organization that has no gateways left",
        params: Params,
        response: { 204: nothing() },
      },
    },
    async (request, reply) => {
      const { org_id: orgId } = request.params;
      await access.authorize(await callerOf(request), "org.delete", { orgId });
      await registry.organizations.remove(orgId);
      return reply.code(204).send(null);
    },
  );
};

function toAnswer(organization: Organization) {
  return {
    id: organization.id,
    name: organization.name,
    owner_id: organization.ownerId,
    retention_days: organization.retentionDays,
    created_at: organization.createdAt,
  };
}
