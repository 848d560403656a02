import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { limits } from "../limits.ts";
import type { Delivery } from "./delivery.ts";
import type { FeedLog } from "./feed.ts";
import type { OpenConnections } from "./open-connections.ts";
import { parseSiteIds } from "./selection.ts";
import { openSseStream, streamHeaders } from "./sse-open.ts";
import { listenerOf, resolveScope, type StreamAccess, type StreamScope } from "./stream-access.ts";
import { ticketRoutes } from "./tickets.ts";

export interface SseMetrics {
  readonly listeners: { inc(): void; dec(): void };
  readonly slowClosed: { inc(): void };
  /** Readings handed to sockets, however they came: live, replayed or conflated. */
  readonly delivered: { inc(count: number): void };
}

export interface SseOptions {
  readonly delivery: Delivery;
  readonly access: StreamAccess;
  readonly connections: OpenConnections;
  readonly metrics: SseMetrics;
  readonly log: FeedLog;
  /** Default `limits.heartbeatMs`. */
  readonly heartbeatMs?: number;
}

/**
 * `GET /stream/sites/{siteId}`, `/stream/orgs/{orgId}` and `/stream?site=…`: readings as Server-Sent
 * Events (wire contract §7), and `POST /stream/tickets`. Errors before the stream begins are JSON
 * with their status; after that a stream ends, and its client resumes by itself.
 */
export const sseRoutes: FastifyPluginAsyncTypebox<SseOptions> = async (app, options) => {
  const { access } = options;
  const listen = async (request: FastifyRequest, reply: FastifyReply, scope: StreamScope) => {
    if (request.method === "HEAD") {
      await resolveScope(access, await listenerOf(access, request), scope);
      return reply.headers(streamHeaders).send();
    }
    return openSseStream({ request, reply, scope, options });
  };
  app.get(
    "/stream/sites/:siteId",
    {
      config: { rateLimit: false },
      schema: {
        ...streamSchema,
        operationId: "streamSite",
        summary: "Stream the readings of a site",
        params: Type.Object({ siteId: idOf("Id of the site") }),
        querystring: StreamQuery,
      },
    },
    (request, reply) => {
      const siteIds = [request.params.siteId];
      return listen(request, reply, { kind: "sites", siteIds });
    },
  );
  app.get(
    "/stream/orgs/:orgId",
    {
      config: { rateLimit: false },
      schema: {
        ...streamSchema,
        operationId: "streamOrganization",
        summary: "Stream the readings of all sites of an organization that the caller sees",
        params: Type.Object({ orgId: idOf("Id of the organization") }),
        querystring: StreamQuery,
      },
    },
    (request, reply) => listen(request, reply, { kind: "org", orgId: request.params.orgId }),
  );
  app.get(
    "/stream",
    {
      config: { rateLimit: false },
      schema: {
        ...streamSchema,
        operationId: "streamSites",
        summary: "Stream the readings of several sites",
        querystring: StreamQuery,
      },
    },
    (request, reply) =>
      listen(request, reply, { kind: "sites", siteIds: parseSiteIds(request.query.site) }),
  );
  await app.register(ticketRoutes, { access });
};

const idOf = (description: string) =>
  Type.String({ pattern: "^[A-Za-z0-9_-]{1,64}$", description });

/** No answer that a schema checks: /asyncapi.json describes the events. */
const streamSchema = {
  description:
    "Server-Sent Events: each reading is the data of an event (EnrichedReading), its id the cursor " +
    "after which a stream that sends it as Last-Event-ID goes on. /asyncapi.json has the rest.",
  security: [{ bearer: [] }, { ticket: [] }, { session: [] }],
  produces: ["text/event-stream"],
  response: { 200: Type.String({ description: "Events, until one of both sides ends it" }) },
};

/** Text, once or several times; what it means is checked by the one selection of all transports. */
const Text = (description: string) =>
  Type.Optional(
    Type.Union(
      [
        Type.String({ maxLength: 32_768 }),
        Type.Array(Type.String({ maxLength: 32_768 }), { maxItems: limits.streamSitesMax }),
      ],
      { description },
    ),
  );

export const StreamQuery = Type.Object({
  site: Text("Sites of GET /stream, repeated or separated by commas"),
  types: Text("Only these types of reading"),
  devices: Text("Only these devices"),
  ders: Text("Only these DERs"),
  since: Text("Start in the past: epoch milliseconds, ISO-8601 time or cursor"),
  cursor: Text("Start right after this position; a Last-Event-ID wins over it"),
  min_interval_ms: Text("At most one reading per DER in this time; implies mode=latest"),
  mode: Text("all (default) or latest"),
  snapshot: Text("true: begin with the last reading of each DER"),
  liveness: Text("true: tell whether each DER is online, stale or offline (with events=all)"),
  events: Text(
    "all: control events (reset, caught_up, token_expiring, …) by name, not as comments",
  ),
  ticket: Text("From POST /stream/tickets, for clients that cannot send Authorization"),
});
