import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import { Type } from "typebox";
import type { Organization } from "../registry/organizations.ts";
import { Id, Name, PageQuery, Time } from "./fields.ts";
import { assertPerson } from "./members.ts";
import { sendPage } from "./paging.ts";
import type { ResourceOptions } from "./routes.ts";

const OrganizationAnswer = Type.Object({
  id: Type.String(),
  name: Type.String(),
  owner_id: Type.String(),
  created_at: Time,
});
const Params = Type.Object({ org_id: Id });

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
        summary: "Create an organization",
        body: Type.Object({ name: Name }),
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
        summary: "List the caller's organizations",
        querystring: PageQuery,
        response: { 200: Type.Array(OrganizationAnswer) },
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
        summary: "Rename an organization, or hand it over to another owner",
        params: Params,
        body: Type.Object({ name: Type.Optional(Name), owner_id: Type.Optional(Id) }),
        response: { 200: OrganizationAnswer },
      },
    },
    async (request) => {
      const { org_id: orgId } = request.params;
      const { name, owner_id: ownerId } = request.body;
      const caller = await callerOf(request);
      await access.authorize(caller, "org.update", { orgId });
      const former = await read(orgId);
      const changesOwner = ownerId !== undefined && ownerId !== former.owner_id;
      if (changesOwner) {
        await access.authorize(caller, "org.transfer", { orgId });
        await assertPerson(registry, ownerId, "/owner_id");
        await registry.organizations.transfer(orgId, ownerId);
      }
      if (name !== undefined) await registry.organizations.rename(orgId, name);
      return read(orgId);
    },
  );

  app.delete(
    "/organizations/:org_id",
    {
      schema: { summary: "Delete an organization that has no gateways left", params: Params },
    },
    async (request, reply) => {
      const { org_id: orgId } = request.params;
      await access.authorize(await callerOf(request), "org.delete", { orgId });
      await registry.organizations.remove(orgId);
      return reply.code(204).send();
    },
  );
};

function toAnswer(organization: Organization) {
  return {
    id: organization.id,
    name: organization.name,
    owner_id: organization.ownerId,
    created_at: organization.createdAt,
  };
}
