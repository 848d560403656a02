import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import { type Static, Type } from "typebox";
import type { Access } from "../access/access.ts";
import type { Caller } from "../access/caller.ts";
import { limits } from "../limits.ts";
import type { Registry } from "../registry/database.ts";
import { type Member, type MemberSettings, roles } from "../registry/members.ts";
import { closed, Id, idOf, nothing, nullable, PageQuery, pageOf, Time } from "./fields.ts";
import { sendPage } from "./paging.ts";
import type { ResourceOptions } from "./routes.ts";

const Role = Type.Enum(roles);
const SiteIds = Type.Union(
  [Type.Array(Id, { maxItems: limits.streamSitesMax, uniqueItems: true }), Type.Null()],
  { description: "Only these sites: for operators and viewers" },
);
const reachesAllSites = {
  "x-rule": {
    anyOf: [
      { properties: { role: { enum: ["operator", "viewer"] } } },
      { properties: { site_ids: { type: "null" } } },
    ],
  },
};
const Settings = Type.Object(
  { role: Role, site_ids: Type.Optional(SiteIds) },
  {
    ...closed,
    ...reachesAllSites,
    title: "MemberSettings",
    description: "A role, and the sites that it is limited to",
  },
);
const NewMember = Type.Interface(
  [Settings],
  { identity_id: Id },
  {
    ...closed,
    ...reachesAllSites,
    title: "NewMember",
    description: "Somebody to be taken into an organization",
  },
);
const MemberAnswer = Type.Object(
  {
    org_id: Type.String(),
    identity_id: Type.String(),
    role: Role,
    site_ids: nullable(Type.Array(Type.String())),
    created_at: Time,
  },
  { title: "Member", description: "Somebody's place in an organization" },
);
const OrgParams = Type.Object({ org_id: idOf("Id of the organization") });
const MemberParams = Type.Interface([OrgParams], {
  identity_id: idOf("Id of the member's identity"),
});

/** Members of an organization, their roles, and the sites that a role is limited to. */
export const memberRoutes: FastifyPluginAsyncTypebox<ResourceOptions> = async (
  app,
  { registry, access, callerOf },
) => {
  app.get(
    "/organizations/:org_id/members",
    {
      schema: {
        operationId: "listMembers",
        summary: "List members",
        params: OrgParams,
        querystring: PageQuery,
        response: { 200: pageOf(MemberAnswer) },
      },
    },
    async (request, reply) => {
      const { org_id: orgId } = request.params;
      await access.authorize(await callerOf(request), "member.view", { orgId });
      const page = await sendPage(request, reply, request.query, async (part) =>
        (await registry.members.list(orgId, part)).map((member) => ({
          id: member.identityId,
          member,
        })),
      );
      return page.map(({ member }) => toAnswer(member));
    },
  );

  app.post(
    "/organizations/:org_id/members",
    {
      schema: {
        operationId: "addMember",
        summary: "Add a member",
        params: OrgParams,
        body: NewMember,
        response: { 201: MemberAnswer },
      },
    },
    async (request, reply) => {
      const { org_id: orgId } = request.params;
      const caller = await callerOf(request);
      const settings = readSettings(request.body);
      await authorizeChange(access, caller, orgId, [settings.role]);
      await assertPerson(registry, request.body.identity_id, "/identity_id");
      await registry.members.add(orgId, request.body.identity_id, settings);
      return reply.code(201).send(await read(registry, orgId, request.body.identity_id));
    },
  );

  app.get(
    "/organizations/:org_id/members/:identity_id",
    {
      schema: {
        operationId: "getMember",
        summary: "Show a member",
        params: MemberParams,
        response: { 200: MemberAnswer },
      },
    },
    async (request) => {
      const { org_id: orgId, identity_id: identityId } = request.params;
      await access.authorize(await callerOf(request), "member.view", { orgId });
      return read(registry, orgId, identityId);
    },
  );

  app.put(
    "/organizations/:org_id/members/:identity_id",
    {
      schema: {
        operationId: "updateMember",
        summary: "Change a member's role or sites",
        params: MemberParams,
        body: Settings,
        response: { 200: MemberAnswer },
      },
    },
    async (request) => {
      const { org_id: orgId, identity_id: identityId } = request.params;
      const caller = await callerOf(request);
      const settings = readSettings(request.body);
      await authorizeChange(access, caller, orgId, [settings.role]);
      const former = await read(registry, orgId, identityId);
      await authorizeChange(access, caller, orgId, [former.role]);
      await assertFitsIntegration(registry, identityId, settings);
      await registry.members.update(orgId, identityId, settings);
      return read(registry, orgId, identityId);
    },
  );

  app.delete(
    "/organizations/:org_id/members/:identity_id",
    {
      schema: {
        operationId: "removeMember",
        summary: "Remove a member; anybody may remove himself",
        params: MemberParams,
        response: { 204: nothing() },
      },
    },
    async (request, reply) => {
      const { org_id: orgId, identity_id: identityId } = request.params;
      const caller = await callerOf(request);
      await access.authorize(caller, "org.view", { orgId });
      if (caller.identityId !== identityId) {
        await access.authorize(caller, "member.manage", { orgId });
        const former = await read(registry, orgId, identityId);
        await authorizeChange(access, caller, orgId, [former.role]);
      }
      await registry.members.remove(orgId, identityId);
      return reply.code(204).send(null);
    },
  );
};

/** Throws `validation_failed` unless the id is of somebody who can be a member. */
export async function assertPerson(registry: Registry, id: string, path: string): Promise<void> {
  const identity = await registry.identities.get(id);
  const isMachine = identity?.type === "gateway" || identity?.type === "device";
  // It works for the organization that approved it: in another it would be cut off at every change.
  const isTaken =
    identity?.type === "integration" && (await registry.integrations.approval(id)) !== undefined;
  if (identity !== undefined && identity.revokedAt === null && !isMachine && !isTaken) return;
  // One sentence for all, or an organization's admin could list everybody else's gateways.
  const message = `${id} is no identity that can be a member.`;
  throw new NovacoreError("validation_failed", message, { details: [{ path, message }] });
}

/**
 * An integration only reads: as anything more, whoever holds its key could change the organization.
 * Throws `validation_failed`; everybody else is let through.
 */
async function assertFitsIntegration(
  registry: Registry,
  id: string,
  { role, siteIds }: MemberSettings,
): Promise<void> {
  if ((await registry.integrations.approval(id)) === undefined) return;
  if (role !== "viewer") {
    const message = `${id} is an integration: it can be a viewer and nothing else, not ${role}.`;
    throw new NovacoreError("validation_failed", message, {
      details: [{ path: "/role", message }],
    });
  }
  const most = limits.integrationSitesMax;
  if (siteIds === undefined || (siteIds.length > 0 && siteIds.length <= most)) return;
  const message = `An integration is limited to 1 to ${most} sites, not ${siteIds.length}; to end its access, revoke it.`;
  throw new NovacoreError("validation_failed", message, {
    details: [{ path: "/site_ids", message }],
  });
}

/** Owners are made and unmade by those who may hand the organization over. */
async function authorizeChange(
  access: Access,
  caller: Caller,
  orgId: string,
  affected: readonly Member["role"][],
): Promise<void> {
  await access.authorize(caller, "member.manage", { orgId });
  if (affected.includes("owner")) await access.authorize(caller, "org.transfer", { orgId });
}

function readSettings({ role, site_ids: siteIds }: Static<typeof Settings>): MemberSettings {
  if (siteIds == null) return { role, siteIds: undefined };
  if (role === "operator" || role === "viewer") return { role, siteIds };
  const message = `The role ${role} reaches all sites and cannot be limited to some.`;
  throw new NovacoreError("validation_failed", message, {
    details: [{ path: "/site_ids", message }],
  });
}

async function read(registry: Registry, orgId: string, identityId: string) {
  const member = await registry.members.get(orgId, identityId);
  if (member === undefined) throw new NovacoreError("not_found");
  return toAnswer(member);
}

function toAnswer(member: Member) {
  return {
    org_id: member.orgId,
    identity_id: member.identityId,
    role: member.role,
    site_ids: member.siteIds === undefined ? null : [...member.siteIds],
    created_at: member.createdAt,
  };
}
