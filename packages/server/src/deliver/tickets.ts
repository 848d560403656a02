import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { limits } from "../limits.ts";
import { listenerOf, resolveScope, type StreamAccess } from "./stream-access.ts";

export interface TicketRouteOptions {
  readonly access: StreamAccess;
}

const Id = Type.String({ pattern: "^[A-Za-z0-9_-]{1,64}$" });

const TicketRequest = Type.Object(
  {
    site_ids: Type.Optional(
      Type.Array(Id, { minItems: 1, maxItems: limits.streamSitesMax, description: "These sites" }),
    ),
    org_id: Type.Optional(
      Type.String({
        pattern: "^[A-Za-z0-9_-]{1,64}$",
        description: "All sites of the organization that the caller sees now",
      }),
    ),
  },
  {
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: false,
    title: "NewTicket",
    description: "Whose streams a ticket is to open: site_ids or org_id",
  },
);

const Ticket = Type.Object(
  {
    ticket: Type.String({ description: "For ?ticket= of the streams of these sites" }),
    expires_at: Type.String({ format: "date-time" }),
  },
  {
    title: "Ticket",
    description: "Opens streams of some sites for a while, for clients that cannot send a token",
  },
);

/**
 * `POST /stream/tickets {site_ids | org_id}` → 201 `{ticket, expires_at}`: a read-only token bound
 * to sites, for browsers, whose EventSource cannot send a header. It may be seen in URLs, so it
 * opens streams and nothing else, and not for long.
 */
export const ticketRoutes: FastifyPluginAsyncTypebox<TicketRouteOptions> = async (
  app,
  { access },
) => {
  app.post(
    "/stream/tickets",
    {
      schema: {
        operationId: "createTicket",
        summary: "Get a ticket that opens streams of some sites",
        description: "For clients that cannot send a header, as a browser's EventSource.",
        body: TicketRequest,
        response: { 201: Ticket },
      },
    },
    async (request, reply) => {
      const caller = await listenerOf(access, request);
      const { site_ids: siteIds, org_id: orgId } = request.body;
      const scope =
        orgId === undefined
          ? { kind: "sites" as const, siteIds: siteIds ?? [] }
          : { kind: "org" as const, orgId };
      const sites = await resolveScope(access, caller, scope);
      const ticket = await access.issueTicket(
        caller,
        sites.map(({ siteId }) => siteId),
      );
      return reply.code(201).header("cache-control", "no-store").send(ticket);
    },
  );
};
