import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { readingTypes } from "@novacore/protocol";
import { type Static, Type } from "typebox";
import type { Access } from "../access/access.ts";
import type { Caller } from "../access/caller.ts";
import type { GatewayPresence } from "../gateway-presence.ts";
import type { Lateness } from "../ingest/gateway-clocks.ts";
import { limits } from "../limits.ts";
import type { Registry } from "../registry/database.ts";
import type { Device } from "../registry/devices.ts";
import type { DerStatus, StatusAsker } from "../status-reader.ts";
import type { RejectionRecord } from "../store/rejections.ts";
import type { CallerOf } from "./authenticate.ts";
import { idOf, nullable } from "./fields.ts";

export interface StatusRoutesOptions {
  readonly access: Pick<Access, "authorize">;
  readonly registry: Pick<Registry, "devices">;
  readonly callerOf: CallerOf;
  readonly readStatus: (
    devices: readonly Device[],
    asker: StatusAsker,
  ) => Promise<readonly DerStatus[]>;
  readonly readPresence: (serial: string) => Promise<GatewayPresence>;
  /** The last rejection of a gateway that the caller may see. */
  readonly readRejection: (caller: Caller, serial: string) => Promise<RejectionRecord | undefined>;
  readonly now: () => number;
}

const EpochMs = (description: string) =>
  nullable(Type.Integer({ description: `${description}; hub clock, epoch ms` }));
const Milliseconds = (description: string) => nullable(Type.Number({ description }));

const DerAnswer = Type.Object(
  {
    der_id: Type.String(),
    der_name: Type.String(),
    type: nullable(Type.Enum([...readingTypes])),
    device_id: Type.String(),
    site_id: Type.String(),
    gateway_serial: Type.String(),
    state: Type.Enum(["online", "stale", "offline"]),
    since: EpochMs(
      "When it came back online (null: longer ago than the hub has looked), or when its last reading " +
        "reached the hub, or when it was made",
    ),
    why: nullable(
      Type.Enum(["device_silent", "gateway_disconnected", "rejected", "never_reported"], {
        description: "Why it is not online, as far as the hub knows",
      }),
    ),
    age_ms: Milliseconds("Since the last reading reached the hub"),
    received_at: EpochMs("When that was"),
    timestamp: nullable(
      Type.Integer({ description: "When the newest reading was taken; gateway clock, epoch ms" }),
    ),
    timestamp_age_ms: Milliseconds("Since then: how old the last values are"),
  },
  { title: "DerStatus", description: "How a DER does, since when and why" },
);

const GatewayAnswer = Type.Object(
  {
    serial: Type.String(),
    connected: Type.Boolean({
      description: "Over NATS, MQTT or a WebSocket; a gateway that only uploads never is",
    }),
    since: EpochMs("Since when it is connected, or is not any more; null: not known"),
    last_seen: EpochMs("When a reading or a word about itself came last, as far as this hub knows"),
    clock_drift_ms: Milliseconds("How far its clock is ahead of the hub's; negative: behind"),
    read_time_ms: Milliseconds("How long its last reads took, by their median"),
    lateness: nullable(
      Type.Object(
        { last_ms: Type.Number(), median_ms: Type.Number(), max_ms: Type.Number() },
        { description: "From the timestamps of its last readings to their arrival" },
      ),
    ),
    last_rejection: nullable(
      Type.Object({
        received_at: Type.Integer(),
        hardware_id: Type.Optional(Type.String()),
        der: Type.Optional(Type.String()),
        error: Type.String({ description: "A code of docs/errors.md" }),
        message: Type.String(),
        path: Type.Optional(Type.String({ description: "JSON pointer of the member at fault" })),
      }),
    ),
  },
  {
    title: "GatewayPresence",
    description: "Whether a gateway is connected, how its clock goes and what it sent wrong last",
  },
);

const SiteStatusAnswer = Type.Object(
  {
    site_id: Type.String(),
    ders: Type.Array(DerAnswer),
    gateways: Type.Array(GatewayAnswer),
  },
  { title: "SiteStatus", description: "How the DERs and gateways of a site do" },
);
const GatewayStatusAnswer = Type.Interface(
  [GatewayAnswer],
  { ders: Type.Array(DerAnswer) },
  { title: "GatewayStatus", description: "How a gateway and the DERs behind it do" },
);

/** What is online, stale or offline, since when and why: of a site, and behind a gateway. */
export const statusRoutes: FastifyPluginAsyncTypebox<StatusRoutesOptions> = async (
  app,
  { access, registry, callerOf, readStatus, readPresence, readRejection, now },
) => {
  const readGateway = async (caller: Caller, serial: string) => {
    const [presence, rejection] = await Promise.all([
      readPresence(serial),
      readRejection(caller, serial),
    ]);
    return toGatewayAnswer(serial, presence, rejection);
  };

  app.get(
    "/sites/:site_id/status",
    {
      schema: {
        operationId: "getSiteStatus",
        summary: "Tell how the DERs and gateways of a site do, since when and why",
        params: Type.Object({ site_id: idOf("Id of the site") }),
        response: { 200: SiteStatusAnswer },
      },
    },
    async (request, reply) => {
      const { site_id: siteId } = request.params;
      const { signal } = request;
      const caller = await callerOf(request);
      const { sites } = await access.authorize(caller, "site.view", { siteId });
      const page = { after: undefined, limit: limits.pageItemsMax };
      const devices = await registry.devices.list(siteId, page);
      // The gateway of an orphan is somebody else's by now, or nobody's.
      const present = devices.filter(({ state }) => state !== "orphaned");
      const serials = [...new Set(present.map(({ gatewaySerial }) => gatewaySerial))].sort();
      const [ders, gateways] = await Promise.all([
        readStatus(devices, { party: caller.identityId, sites, signal }),
        Promise.all(serials.map((serial) => readGateway(caller, serial))),
      ]);
      reply.header("cache-control", "private, no-cache");
      return { site_id: siteId, ders: toDerAnswers(ders, now()), gateways };
    },
  );

  app.get(
    "/gateways/:serial/status",
    {
      schema: {
        operationId: "getGatewayStatus",
        summary: "Tell how a gateway and the DERs behind it do, since when and why",
        params: Type.Object({ serial: idOf("Serial of the gateway") }),
        response: { 200: GatewayStatusAnswer },
      },
    },
    async (request, reply) => {
      const { serial } = request.params;
      const { signal } = request;
      const caller = await callerOf(request);
      const grant = await access.authorize(caller, "gateway.view", { gatewaySerial: serial });
      const devices = (await registry.devices.listBehind(serial)).filter(
        ({ siteId }) => grant.sites === "all" || grant.sites.includes(siteId),
      );
      const [ders, gateway] = await Promise.all([
        readStatus(devices, { party: caller.identityId, sites: grant.sites, signal }),
        readGateway(caller, serial),
      ]);
      reply.header("cache-control", "private, no-cache");
      return { ...gateway, ders: toDerAnswers(ders, now()) };
    },
  );
};

function toDerAnswers(statuses: readonly DerStatus[], nowMs: number): Static<typeof DerAnswer>[] {
  return statuses.map(({ device, der, type = null, state, sinceMs, why = null, last }) => ({
    der_id: der.id,
    der_name: der.name,
    type,
    device_id: device.id,
    site_id: device.siteId,
    gateway_serial: device.gatewaySerial,
    state,
    since: sinceMs ?? null,
    why,
    age_ms: last === undefined ? null : Math.max(0, nowMs - last.receivedAtMs),
    received_at: last?.receivedAtMs ?? null,
    timestamp: last?.timestampMs ?? null,
    timestamp_age_ms: last === undefined ? null : Math.max(0, nowMs - last.timestampMs),
  }));
}

function toGatewayAnswer(
  serial: string,
  { isConnected, sinceMs, lastSeenMs, clock, clockDriftMs }: GatewayPresence,
  rejection: RejectionRecord | undefined,
): Static<typeof GatewayAnswer> {
  const { lateness } = clock ?? {};
  return {
    serial,
    connected: isConnected,
    since: sinceMs ?? null,
    last_seen: lastSeenMs ?? null,
    clock_drift_ms: clockDriftMs ?? null,
    read_time_ms: clock?.readTimeMs ?? null,
    lateness: lateness === undefined ? null : toLatenessAnswer(lateness),
    last_rejection: rejection === undefined ? null : toRejectionAnswer(rejection),
  };
}

function toLatenessAnswer({ lastMs: last_ms, medianMs: median_ms, maxMs: max_ms }: Lateness) {
  return { last_ms, median_ms, max_ms };
}

/** Without the bytes: `GET /gateways/{serial}/rejections` has them. */
function toRejectionAnswer(record: RejectionRecord) {
  const { received_at, hardware_id, der, error, message, path } = record;
  return {
    received_at,
    ...(hardware_id !== undefined && { hardware_id }),
    ...(der !== undefined && { der }),
    ...{ error, message },
    ...(path !== undefined && { path }),
  };
}
