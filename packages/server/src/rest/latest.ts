import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { encodeCursor, NovacoreError, readingTypes } from "@novacore/protocol";
import { type Static, Type } from "typebox";
import type { Access } from "../access/access.ts";
import type { Caller } from "../access/caller.ts";
import type { DerPlace, LatestReadings, StoredReading } from "../history/latest.ts";
import type { InTurn } from "../history-turns.ts";
import { lastReadingsOf } from "../last-known.ts";
import { limits } from "../limits.ts";
import type { Registry } from "../registry/database.ts";
import type { Device } from "../registry/devices.ts";
import type { Page } from "../registry/page.ts";
import type { DerStatus, StatusAsker } from "../status-reader.ts";
import type { CallerOf } from "./authenticate.ts";
import { closed, idOf, nullable } from "./fields.ts";
import { sendPage } from "./paging.ts";

export interface LatestRoutesOptions {
  readonly access: Pick<Access, "authorize">;
  readonly registry: Pick<Registry, "devices">;
  readonly callerOf: CallerOf;
  /** Runs a query when its turn comes. */
  readonly inTurn: InTurn;
  readonly readLatest: (
    ders: readonly DerPlace[],
    seen: { readonly siteIds: readonly string[] | "all"; readonly signal: AbortSignal },
  ) => Promise<LatestReadings>;
  readonly readStatus: (
    devices: readonly Device[],
    asker: StatusAsker,
  ) => Promise<readonly DerStatus[]>;
  readonly now?: () => number;
}

const Query = Type.Object(
  {
    org_id: Type.Optional(idOf("All that the caller sees of this organization")),
    site_id: Type.Optional(idOf("All of this site")),
    der_id: Type.Optional(idOf("This one alone")),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: limits.latestDevicesMax,
        default: limits.latestDevicesMax,
        description: "Devices in a page; the DERs of a device come together",
      }),
    ),
    cursor: Type.Optional(idOf("From the Link header of the page before")),
  },
  closed,
);
type Query = Static<typeof Query>;

const latestHeaders = {
  "Novacore-Cursor": { type: "string", description: "The answer's cursor" },
  Link: { type: "string", description: '<…>; rel="next": the next page, where there is one' },
};

/** The newest by its timestamp, sent as it was stored; in the API's description by its name. */
const NewestReading = Type.Unsafe<StoredReading>({
  ...{ type: "object", additionalProperties: true },
  title: "EnrichedReading",
});

const Answer = Type.Object(
  {
    cursor: Type.String({ description: "A live stream from here has what comes after" }),
    data: Type.Array(
      Type.Object({
        der_id: Type.String(),
        der_name: Type.String(),
        device_id: Type.String(),
        site_id: Type.String(),
        type: nullable(Type.Enum([...readingTypes])),
        state: Type.Enum(["online", "stale", "offline"]),
        since: nullable(
          Type.Integer({ description: "As in the site's status; hub clock, epoch ms" }),
        ),
        why: nullable(
          Type.Enum(["device_silent", "gateway_disconnected", "rejected", "never_reported"]),
        ),
        age_ms: nullable(Type.Number({ description: "Since the last reading reached the hub" })),
        reading: nullable(NewestReading),
      }),
    ),
  },
  {
    title: "LatestTelemetry",
    description: "The newest reading of each DER, and how the DER does",
    headers: latestHeaders,
  },
);

/** The newest reading of each DER, how old it is, and how the DER does. */
export const latestRoutes: FastifyPluginAsyncTypebox<LatestRoutesOptions> = async (
  app,
  options,
) => {
  const { callerOf, readLatest, readStatus, now = Date.now } = options;
  app.get(
    "/telemetry/latest",
    {
      schema: {
        operationId: "readLatestTelemetry",
        summary: "Read the newest reading of each DER of an organization or site, or of one DER",
        querystring: Query,
        response: { 200: Answer },
      },
    },
    async (request, reply) => {
      const { query, signal } = request;
      const caller = await callerOf(request);
      const { siteIds, read } = await findDevices(options, caller, query);
      const devices = await sendPage(
        request,
        reply,
        { ...query, limit: query.limit ?? limits.latestDevicesMax },
        read,
      );
      const ders = devices.flatMap(({ id: deviceId, orgId, siteId, ders }) =>
        ders.map(({ id: derId }) => ({ orgId, siteId, deviceId, derId })),
      );
      const latest = await options.inTurn(caller.identityId, signal, () =>
        readLatest(ders, { siteIds, signal }),
      );
      const statuses = await readStatus(devices, {
        ...{ party: caller.identityId, sites: siteIds, signal },
        lastKnown: lastReadingsOf(latest.readings),
      });
      const nowMs = now();
      const cursor = encodeCursor(latest.cursor);
      reply.header("cache-control", "private, no-cache");
      reply.header("novacore-cursor", cursor);
      const data = statuses.map((status) =>
        toAnswer(status, latest.readings.get(status.der.id), nowMs),
      );
      return { cursor, data };
    },
  );
};

interface Found {
  /** Sites of which the caller may see readings. */
  readonly siteIds: readonly string[] | "all";
  readonly read: (page: Page) => Promise<readonly Device[]>;
}

/** Throws `validation_failed`, `not_found` or `forbidden`. */
async function findDevices(
  { access, registry: { devices } }: LatestRoutesOptions,
  caller: Caller,
  { org_id: orgId, site_id: siteId, der_id: derId }: Query,
): Promise<Found> {
  const given = [orgId, siteId, derId].filter((id) => id !== undefined);
  if (given.length !== 1) {
    const message = `is one of org_id, site_id and der_id, of which there must be one, not ${given.length}`;
    throw new NovacoreError("validation_failed", `/org_id ${message}.`, {
      details: [{ path: "/org_id", message }],
    });
  }
  if (orgId !== undefined) {
    const { sites } = await access.authorize(caller, "telemetry.read", { orgId });
    return { siteIds: sites, read: (page) => devices.listOfOrg(orgId, sites, page) };
  }
  if (siteId !== undefined) {
    const { sites } = await access.authorize(caller, "telemetry.read", { siteId });
    return { siteIds: sites, read: (page) => devices.list(siteId, page) };
  }
  const deviceId = (await devices.getDer(derId ?? ""))?.deviceId;
  const device = deviceId === undefined ? undefined : await devices.get(deviceId);
  if (device === undefined) throw new NovacoreError("not_found");
  const grant = await access.authorize(caller, "telemetry.read", { siteId: device.siteId });
  const only = { ...device, ders: device.ders.filter(({ id }) => id === derId) };
  return { siteIds: grant.sites, read: async () => [only] };
}

function toAnswer(
  { device, der, type, state, sinceMs, why, last }: DerStatus,
  reading: StoredReading | undefined,
  nowMs: number,
): Static<typeof Answer>["data"][number] {
  return {
    der_id: der.id,
    der_name: der.name,
    device_id: device.id,
    site_id: device.siteId,
    type: type ?? null,
    state,
    since: sinceMs ?? null,
    why: why ?? null,
    age_ms: last === undefined ? null : Math.max(0, nowMs - last.receivedAtMs),
    reading: reading ?? null,
  };
}
