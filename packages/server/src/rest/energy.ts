import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import { Type } from "typebox";
import type { Access } from "../access/access.ts";
import { resolutions } from "../history/buckets.ts";
import { type Cell, quarterMs } from "../history/cells.ts";
import { assembleEnergy, cellRange } from "../history/energy.ts";
import type { KnownDer } from "../history/flows.ts";
import { createZone } from "../history/zone.ts";
import type { InTurn } from "../history-turns.ts";
import { limits } from "../limits.ts";
import type { Registry } from "../registry/database.ts";
import { readingTypeFor } from "../registry/device-types.ts";
import type { CallerOf } from "./authenticate.ts";
import { EnergyAnswer, toPeriodAnswer } from "./energy-answer.ts";
import { closed, idOf } from "./fields.ts";
import { assertRange, readTimeRange, TimeRangeQuery } from "./time-range.ts";
import { requestValidator } from "./validator.ts";

/** Cells of a site and where a live stream goes on after the readings that they are made of. */
export interface SiteCells {
  readonly cells: readonly Cell[];
  /** undefined: nothing is stored yet. */
  readonly cursor: string | undefined;
}

export interface EnergyRoutesOptions {
  readonly access: Pick<Access, "authorize">;
  readonly registry: Pick<Registry, "sites" | "devices">;
  readonly callerOf: CallerOf;
  /** Runs a query when its turn comes. */
  readonly inTurn: InTurn;
  /** Whole quarters of an hour, from `fromMs` to before `toMs`. */
  readonly readCells: (
    siteId: string,
    fromMs: number,
    toMs: number,
    signal: AbortSignal,
  ) => Promise<SiteCells>;
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

/** `GET /sites/{site_id}/energy`: what a site imported, produced and used, by hours, days or months. */
export const energyRoutes: FastifyPluginAsyncTypebox<EnergyRoutesOptions> = async (
  app,
  { access, registry, callerOf, inTurn, readCells, now = Date.now },
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
        response: { 200: EnergyAnswer },
      },
    },
    async (request) => {
      const { site_id: siteId } = request.params;
      const caller = await callerOf(request);
      await access.authorize(caller, "site.view", { siteId });
      const site = await registry.sites.get(siteId);
      if (site === undefined) throw new NovacoreError("not_found");
      const { resolution = "1d", ...times } = request.query;
      const timezone = site.timezone ?? "UTC";
      const nowMs = now();
      const rangeMsMax = limits.energyRangeMs;
      const range = readTimeRange(times, { nowMs, timezone, rangeMsMax });
      const ders = await knownDers(registry, siteId);
      assertRange(range, longestRangeMs(resolution, ders.length));
      const cellsAt = cellRange(range.fromMs, range.toMs, resolution, timezone);
      const { signal } = request;
      const { cells, cursor } = await inTurn(caller.identityId, signal, () =>
        readCells(siteId, cellsAt.fromMs, cellsAt.toMs, signal),
      );
      const energy = assembleEnergy({ ...range, resolution, timezone, nowMs, cells, ders });
      const zone = createZone(timezone);
      return {
        site_id: siteId,
        ...{ timezone, resolution },
        periods: energy.buckets.map((period) => toPeriodAnswer(period, zone)),
        total: toPeriodAnswer(energy.total, zone),
        cursor: cursor ?? null,
      };
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
  return devices.flatMap(({ type: deviceType, state, createdAt, ders }) =>
    state !== "active"
      ? []
      : ders.flatMap(({ id: derId, type: derType }) => {
          const type = readingTypeFor(deviceType, derType);
          return type === undefined ? [] : [{ derId, type, sinceMs: Date.parse(createdAt) }];
        }),
  );
}
