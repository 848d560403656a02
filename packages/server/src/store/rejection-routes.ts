import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { limits } from "../limits.ts";
import type { RejectionRecord, Rejections } from "./rejections.ts";

/** Which of a gateway's rejections somebody may see. */
export interface RejectionSight {
  /** None from before, epoch ms. */
  readonly sinceMs: number;
  /** Only of these devices, as the gateway may write them, and none from before a moment of each. */
  readonly hardwareIds: ReadonlyMap<string, number> | "all";
}

export interface RejectionRoutesOptions {
  readonly rejections: Pick<Rejections, "list">;
  /** Throws a NovacoreError when the caller may not see what this gateway sends. */
  readonly authorizeRejections: (
    request: FastifyRequest,
    serial: string,
  ) => Promise<RejectionSight>;
}

const RejectionSchema = Type.Object(
  {
    received_at: Type.Integer({ description: "When the hub got it, hub clock, epoch ms" }),
    gateway_serial: Type.String(),
    hardware_id: Type.Optional(Type.String({ description: "As the gateway wrote it" })),
    der: Type.Optional(Type.String({ description: "As the gateway wrote it" })),
    error: Type.String({ description: "A code of docs/errors.md" }),
    message: Type.String(),
    path: Type.Optional(Type.String({ description: "JSON pointer of the member at fault" })),
    original: Type.String({ description: "The bytes that the gateway sent, base64" }),
    original_bytes: Type.Integer(),
    truncated: Type.Boolean({ description: "Whether `original` was cut off" }),
  },
  { title: "Rejection", description: "A reading that was not taken, and why" },
);

const defaultLimit = 100;

const PageQuery = Type.Object({
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: limits.rejectionsPageMax,
      default: defaultLimit,
      description: "Rejections at most",
    }),
  ),
  cursor: Type.Optional(
    Type.String({ pattern: "^\\d{1,15}$", description: "From the Link header of the page before" }),
  ),
});

const RejectionsPage = Type.Array(RejectionSchema, {
  headers: {
    Link: { type: "string", description: '<…>; rel="next": the next page, where there is one' },
  },
});

/** `GET /gateways/{serial}/rejections`: refused readings of the last 24 hours, newest first. */
export const rejectionRoutes: FastifyPluginAsyncTypebox<RejectionRoutesOptions> = async (
  app,
  { rejections, authorizeRejections },
) => {
  app.get(
    "/gateways/:serial/rejections",
    {
      schema: {
        operationId: "listRejections",
        summary: "List a gateway's refused readings of the last 24 hours, newest first",
        params: Type.Object({ serial: Type.String({ description: "Serial of the gateway" }) }),
        querystring: PageQuery,
        response: { 200: RejectionsPage },
      },
    },
    async (request, reply) => {
      const { serial } = request.params;
      const { limit = defaultLimit, cursor } = request.query;
      const sight = await authorizeRejections(request, serial);
      const before = cursor === undefined ? undefined : Number(cursor);
      const { records, next } = await rejections.list(serial, { limit, before });
      const isOver = records.some(({ received_at }) => received_at < sight.sinceMs);
      if (next !== undefined && !isOver) {
        const path = `/gateways/${encodeURIComponent(serial)}/rejections`;
        reply.header("link", `<${path}?limit=${limit}&cursor=${next}>; rel="next"`);
      }
      return records.filter((record) => isVisible(record, sight));
    },
  );
};

export function isVisible(
  record: RejectionRecord,
  { sinceMs, hardwareIds }: RejectionSight,
): boolean {
  if (record.received_at < sinceMs) return false;
  if (hardwareIds === "all") return true;
  return record.received_at >= (hardwareIds.get(record.hardware_id ?? "") ?? Infinity);
}
