import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import { Type } from "typebox";
import type { Access } from "../access/access.ts";
import { resolutions } from "../history/buckets.ts";
import { quarterMs } from "../history/cells.ts";
import type { EnergyOptions, SiteEnergies } from "../history/energy.ts";
import type { KnownDer } from "../history/flows.ts";
import { formatCsv } from "../history/formats/csv.ts";
import { contentTypes } from "../history/formats/format.ts";
import { createZone } from "../history/zone.ts";
import type { InTurn } from "../history-turns.ts";
import { limits } from "../limits.ts";
import type { Registry } from "../registry/database.ts";
import { readingTypeFor } from "../registry/device-types.ts";
import { negotiate } from "./accept.ts";
import type { CallerOf } from "./authenticate.ts";
import { cachedHeaders, isCached, notChanged, weakTag } from "./caching.ts";
import { EnergyAnswer, toPeriodAnswer, toPeriodTable } from "./energy-answer.ts";
import { closed, idOf } from "./fields.ts";
import { assertRange, readTimeRange, TimeRangeQuery } from "./time-range.ts";
import { requestValidator } from "./validator.ts";

/** A site's energy, and where a live stream goes on after the readings that it is made of. */
export interface FoundEnergy {
  readonly energy: SiteEnergies;
  readonly cursor: string;
}

export interface EnergyRoutesOptions {
  readonly access: Pick<Access, "authorize">;
  readonly registry: Pick<Registry, "sites" | "devices">;
  readonly callerOf: CallerOf;
  /** Runs a query when its turn comes. */
  readonly inTurn: InTurn;
  readonly readEnergy: (
    site: { readonly id: string; readonly orgId: string },
    options: EnergyOptions,
    signal: AbortSignal,
  ) => Promise<FoundEnergy>;
  readonly now?: () => number;
}

const Query = Type.Object(
  {
    ...TimeRangeQuery.properties,
    resolution: Type.Optional(
      Type.Enum(resolutions, {
        default: "1d",
        description: "How long a period is; days and months as the site's calendar has them",
      }),
    ),
  },
  closed,
);

const answers = {
  200: {
    description: "As JSON; or the periods alone as CSV, where Accept asks for it",
    headers: cachedHeaders,
    content: {
      [contentTypes.json]: { schema: EnergyAnswer },
      [contentTypes.csv]: {
        schema: Type.String({ description: "A header, then one period a line" }),
      },
    },
  },
  304: notChanged,
};

/** `GET /sites/{site_id}/energy`: what a site imported, produced and used, by hours, days or months. */
export const energyRoutes: FastifyPluginAsyncTypebox<EnergyRoutesOptions> = async (
  app,
  { access, registry, callerOf, inTurn, readEnergy, now = Date.now },
) => {
  app.setValidatorCompiler(requestValidator);
  app.get(
    "/sites/:site_id/energy",
    {
      schema: {
        operationId: "getSiteEnergy",
        summary: "Read a site's energy by quarters, hours, days or months of its time zone",
        params: Type.Object({ site_id: idOf("Id of the site") }),
        querystring: Query,
        response: answers,
      },
    },
    async (request, reply) => {
      const { site_id: siteId } = request.params;
      const caller = await callerOf(request);
      await access.authorize(caller, "site.view", { siteId });
      const site = await registry.sites.get(siteId);
      if (site === undefined) throw new NovacoreError("not_found");
      const { resolution = "1d", ...times } = request.query;
      const format = negotiate(request.headers.accept, ["json", "csv"]);
      const timezone = site.timezone ?? "UTC";
      const nowMs = now();
      const rangeMsMax = limits.energyRangeMs;
      const range = readTimeRange(times, { nowMs, timezone, rangeMsMax });
      const ders = await knownDers(registry, siteId);
      assertRange(range, longestRangeMs(resolution, ders.length));
      const { signal } = request;
      const options = { ...range, resolution, timezone, nowMs, ders };
      const { energy, cursor } = await inTurn(caller.identityId, signal, () =>
        readEnergy({ id: siteId, orgId: site.orgId }, options, signal),
      );
      const zone = createZone(timezone);
      const periods = energy.buckets.map((period) => toPeriodAnswer(period, zone));
      const told = { periods, total: toPeriodAnswer(energy.total, zone) };
      const etag = weakTag([format, siteId, JSON.stringify([timezone, resolution, told])]);
      reply.header("novacore-cursor", cursor);
      const toMs = energy.total.endMs;
      if (isCached(request, reply, { etag, toMs, nowMs })) return reply.code(304).send(null);
      reply.header("content-type", contentTypes[format]);
      if (format === "csv") {
        return reply.send(Buffer.from(formatCsv(toPeriodTable(periods))).toString());
      }
      return reply.send({ site_id: siteId, timezone, resolution, ...told, cursor });
    },
  );
};

/** So that neither the answer nor what it is made of grows without bounds. */
function longestRangeMs(resolution: (typeof resolutions)[number], ders: number): number {
  const cellsMs = (limits.energyCellsMax / Math.max(1, ders)) * quarterMs;
  const bucketMs = { "15m": quarterMs, "1h": 4 * quarterMs, "1d": Infinity, "1mo": Infinity };
  const bucketsMs = limits.energyPeriodsMax * bucketMs[resolution];
  return Math.min(limits.energyRangeMs, cellsMs, bucketsMs);
}

/** DERs of devices that report: one that never did is not missed, nor one whose gateway has moved. */
async function knownDers(
  registry: Pick<Registry, "devices">,
  siteId: string,
): Promise<readonly KnownDer[]> {
  const page = { after: undefined, limit: limits.pageItemsMax };
  const devices = await registry.devices.list(siteId, page);
  return devices.flatMap(({ type: deviceType, state, createdAt, movedAt, ders }) =>
    state !== "active"
      ? []
      : ders.flatMap(({ id: derId, type: derType }) => {
          const type = readingTypeFor(deviceType, derType);
          return type === undefined
            ? []
            : [{ derId, type, sinceMs: Date.parse(movedAt ?? createdAt) }];
        }),
  );
}
