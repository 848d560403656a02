import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { encodeCursor } from "@novacore/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Access } from "../access/access.ts";
import type { DuckThread } from "../history/duck-thread.ts";
import { contentTypes, formats } from "../history/formats/format.ts";
import type { RangeResult } from "../history/range-job.ts";
import type { FoundSource, ReadingsSources } from "../history/range-source.ts";
import type { InTurn } from "../history-turns.ts";
import type { Registry } from "../registry/database.ts";
import { negotiate } from "./accept.ts";
import type { CallerOf } from "./authenticate.ts";
import { cachedHeaders, isCached, notChanged, weakTag } from "./caching.ts";
import { idOf } from "./fields.ts";
import { decodePage, encodePage } from "./telemetry-page.ts";
import { readTelemetryQuery, TelemetryQuery, type TelemetryWish } from "./telemetry-query.ts";
import { findTarget, type Target } from "./telemetry-target.ts";
import type { UnreadAnswers } from "./unread-answers.ts";

export interface History {
  readonly sources: Pick<ReadingsSources, "find">;
  readonly duck: Pick<DuckThread, "range">;
}

export interface TelemetryRoutesOptions {
  readonly access: Pick<Access, "authorize">;
  readonly registry: Pick<Registry, "sites" | "devices">;
  readonly callerOf: CallerOf;
  readonly history: History;
  /** Runs a query when its turn comes. */
  readonly inTurn: InTurn;
  readonly unread: UnreadAnswers;
  readonly now?: () => number;
}

const Answer = Type.Object(
  {
    from: Type.String({ format: "date-time" }),
    to: Type.String({ format: "date-time", description: "Not part of it" }),
    resolution: Type.String(),
    timezone: Type.String(),
    agg: Type.Optional(Type.Array(Type.String())),
    cursor: Type.String({ description: "A live stream from here has what is not in here" }),
    units: Type.Record(Type.String(), Type.String()),
    data: Type.Array(Type.Object({ der_id: Type.String(), timestamp: Type.Integer() }), {
      description: "In the order of time. raw: readings as they were stored",
    }),
  },
  { title: "Telemetry", description: "What DERs reported in a stretch of time" },
);

const answers = {
  200: {
    description: "As JSON; or the rows alone, in another form that Accept asks for",
    headers: {
      ...cachedHeaders,
      Link: {
        type: "string",
        description: '<…>; rel="next": the next page of raw, where there is one',
      },
    },
    content: {
      [contentTypes.json]: { schema: Answer },
      [contentTypes.ndjson]: { schema: Type.String({ description: "One row a line" }) },
      [contentTypes.csv]: { schema: Type.String({ description: "A header, then one row a line" }) },
      [contentTypes.parquet]: { schema: Type.String({ format: "binary" }) },
      [contentTypes.arrow]: { schema: Type.String({ format: "binary" }) },
    },
  },
  304: notChanged,
};

const paths = [
  { url: "/ders/:der_id/telemetry", of: "a DER", name: "der_id", by: "Der" },
  {
    url: "/devices/:device_id/telemetry",
    of: "all DERs of a device",
    name: "device_id",
    by: "Device",
  },
  { url: "/sites/:site_id/telemetry", of: "all DERs of a site", name: "site_id", by: "Site" },
] as const;

/** What DERs reported: single readings page by page, or aggregates over time. */
export const telemetryRoutes: FastifyPluginAsyncTypebox<TelemetryRoutesOptions> = async (
  app,
  options,
) => {
  for (const { url, of, name, by } of paths) {
    app.get(
      url,
      {
        schema: {
          operationId: `read${by}Telemetry`,
          summary: `Read the telemetry of ${of} in a stretch of time`,
          params: Type.Object({
            [name]: idOf(`Id of the ${by === "Der" ? "DER" : by.toLowerCase()}`),
          }),
          querystring: TelemetryQuery,
          response: answers,
        },
      },
      async (request, reply) => {
        const caller = await options.callerOf(request);
        const id = Object.values(request.params)[0] ?? "";
        const target = await findTarget(options, caller, name, id);
        return options.inTurn(caller.identityId, request.signal, () =>
          answer(options, request, reply, { identityId: caller.identityId, target }),
        );
      },
    );
  }
};

async function answer(
  { history, unread, now = Date.now }: TelemetryRoutesOptions,
  request: FastifyRequest<{ Querystring: TelemetryQuery }>,
  reply: FastifyReply,
  { identityId, target }: { readonly identityId: string; readonly target: Target },
): Promise<FastifyReply> {
  unread.assertRoom(identityId);
  const { query, signal } = request;
  const nowMs = now();
  const format = negotiate(request.headers.accept, formats);
  const page = query.cursor === undefined ? undefined : decodePage(query.cursor);
  const wish = readTelemetryQuery(query, target.ders, { nowMs, after: page?.after });
  const { fromMs, toMs } = wish;
  const filter = { ...target.filter, fromMs, toMs, asOf: page?.asOf };
  const found = await history.sources.find({ orgId: target.orgId, filter, signal });
  const etag = weakTag([format, target.orgId, JSON.stringify({ ...wish, filter }), found.tag]);
  const cursor = encodeCursor({ epoch: found.moment.epoch, sequence: found.moment.head });
  reply.header("novacore-cursor", cursor);
  if (isCached(request, reply, { etag, toMs, nowMs })) return reply.code(304).send();
  const { resolution, timezone, agg, output } = wish;
  const head = {
    ...{ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() },
    ...{ resolution, timezone, agg, cursor },
  };
  const job = { orgId: target.orgId, source: found.source, output, format, head };
  const result = await history.duck.range(job, signal);
  if (result.next !== undefined) linkNext(request, reply, { wish, found, next: result.next });
  reply.header("content-type", contentTypes[format]);
  unread.add(identityId, result.body.byteLength, reply.raw);
  return reply.send(Buffer.from(result.body.buffer));
}

function linkNext(
  request: FastifyRequest,
  reply: FastifyReply,
  page: {
    readonly wish: TelemetryWish;
    readonly found: FoundSource;
    readonly next: NonNullable<RangeResult["next"]>;
  },
): void {
  const { wish, found, next } = page;
  const url = new URL(request.url, "http://localhost");
  // The end may be now: pages are all of the same time.
  url.searchParams.set("to", String(wish.toMs));
  url.searchParams.set("cursor", encodePage({ asOf: found.moment, after: next }));
  reply.header("link", `<${url.pathname}${url.search}>; rel="next"`);
}
