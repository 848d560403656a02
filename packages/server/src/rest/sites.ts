import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import { Type } from "typebox";
import { limits } from "../limits.ts";
import type { Registry } from "../registry/database.ts";
import type { Site } from "../registry/sites.ts";
import { DeviceAnswer, toDeviceAnswer } from "./device-answer.ts";
import { Id, idOf, Name, nothing, nullable, PageQuery, pageOf, Time } from "./fields.ts";
import { sendPage } from "./paging.ts";
import type { ResourceOptions } from "./routes.ts";

const place = {
  timezone: Type.Optional(
    nullable(Type.String({ minLength: 1, maxLength: 64, description: "IANA name" })),
  ),
  latitude: Type.Optional(nullable(Type.Number({ minimum: -90, maximum: 90 }))),
  longitude: Type.Optional(nullable(Type.Number({ minimum: -180, maximum: 180 }))),
};
const NewSite = Type.Object(
  { org_id: Id, name: Name, ...place },
  { title: "NewSite", description: "A site to be made" },
);
const Settings = Type.Object(
  { name: Type.Optional(Name), ...place },
  {
    title: "SiteSettings",
    description: "What of a site can be changed; null takes an optional value away",
  },
);
const SiteAnswer = Type.Object(
  {
    id: Type.String(),
    org_id: Type.String(),
    name: Type.String(),
    timezone: nullable(Type.String()),
    latitude: nullable(Type.Number()),
    longitude: nullable(Type.Number()),
    created_at: Time,
  },
  { title: "Site", description: "Where devices stand" },
);
const SiteWithDevices = Type.Interface(
  [SiteAnswer],
  { devices: Type.Array(DeviceAnswer) },
  { title: "SiteWithDevices", description: "A site, and the devices that stand on it" },
);
const Params = Type.Object({ site_id: idOf("Id of the site") });

/** Sites and what stands on them. */
export const siteRoutes: FastifyPluginAsyncTypebox<ResourceOptions> = async (
  app,
  { registry, access, callerOf },
) => {
  app.get(
    "/sites",
    {
      schema: {
        operationId: "listSites",
        summary: "List sites, of one organization or of all the caller's",
        querystring: Type.Interface([PageQuery], {
          org_id: Type.Optional(idOf("Only of this organization")),
        }),
        response: { 200: pageOf(SiteAnswer) },
      },
    },
    async (request, reply) => {
      const scope = await access.listScope(await callerOf(request), request.query.org_id);
      return sendPage(request, reply, request.query, async (page) =>
        (await registry.sites.list(scope, page)).map(toAnswer),
      );
    },
  );

  app.post(
    "/sites",
    {
      schema: {
        operationId: "createSite",
        summary: "Create a site",
        body: NewSite,
        response: { 201: SiteAnswer },
      },
    },
    async (request, reply) => {
      const { org_id: orgId, name, timezone, latitude, longitude } = request.body;
      await access.authorize(await callerOf(request), "site.create", { orgId });
      assertTimezone(timezone);
      const site = await registry.sites.create(orgId, { name, timezone, latitude, longitude });
      return reply.code(201).send(toAnswer(site));
    },
  );

  app.get(
    "/sites/:site_id",
    {
      schema: {
        operationId: "getSite",
        summary: "Show a site with its devices",
        params: Params,
        response: { 200: SiteWithDevices },
      },
    },
    async (request) => {
      const { site_id: siteId } = request.params;
      await access.authorize(await callerOf(request), "site.view", { siteId });
      const site = await registry.sites.get(siteId);
      if (site === undefined) throw new NovacoreError("not_found");
      return { ...toAnswer(site), devices: await allDevices(registry, siteId) };
    },
  );

  app.put(
    "/sites/:site_id",
    {
      schema: {
        operationId: "updateSite",
        summary: "Change a site; null takes an optional value away",
        params: Params,
        body: Settings,
        response: { 200: SiteAnswer },
      },
    },
    async (request) => {
      const { site_id: siteId } = request.params;
      const { name, timezone, latitude, longitude } = request.body;
      await access.authorize(await callerOf(request), "site.update", { siteId });
      assertTimezone(timezone);
      return toAnswer(await registry.sites.update(siteId, { name, timezone, latitude, longitude }));
    },
  );

  app.delete(
    "/sites/:site_id",
    {
      schema: {
        operationId: "deleteSite",
        summary: "Delete a site on which nothing stands any more",
        params: Params,
        response: { 204: nothing() },
      },
    },
    async (request, reply) => {
      const { site_id: siteId } = request.params;
      await access.authorize(await callerOf(request), "site.delete", { siteId });
      await registry.sites.remove(siteId);
      return reply.code(204).send(null);
    },
  );

  app.get(
    "/sites/:site_id/devices",
    {
      schema: {
        operationId: "listSiteDevices",
        summary: "List a site's devices",
        params: Params,
        querystring: PageQuery,
        response: { 200: pageOf(DeviceAnswer) },
      },
    },
    async (request, reply) => {
      const { site_id: siteId } = request.params;
      await access.authorize(await callerOf(request), "site.view", { siteId });
      return sendPage(request, reply, request.query, async (page) =>
        (await registry.devices.list(siteId, page)).map(toDeviceAnswer),
      );
    },
  );
};

/** The site's own answer is not paged; its devices are as many as one page of the list beside it. */
async function allDevices(registry: Registry, siteId: string) {
  const page = { after: undefined, limit: limits.pageItemsMax };
  return (await registry.devices.list(siteId, page)).map(toDeviceAnswer);
}

function assertTimezone(timezone: string | null | undefined): void {
  if (timezone == null || isTimezone(timezone)) return;
  const message = `"${timezone}" is no IANA time zone, as Europe/Stockholm is.`;
  throw new NovacoreError("validation_failed", message, {
    details: [{ path: "/timezone", message }],
  });
}

function isTimezone(timezone: string): boolean {
  try {
    // The names that Intl lists leave out aliases in use, so it is asked one by one; offsets such
    // as +02:00, which it takes too, are no places.
    new Intl.DateTimeFormat("en", { timeZone: timezone });
    return !/^[+-]/.test(timezone);
  } catch {
    return false; // A RangeError is its only way to say no.
  }
}

function toAnswer(site: Site) {
  return {
    id: site.id,
    org_id: site.orgId,
    name: site.name,
    timezone: site.timezone,
    latitude: site.latitude,
    longitude: site.longitude,
    created_at: site.createdAt,
  };
}
