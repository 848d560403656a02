import { type Static, Type } from "typebox";
import { readingTypes } from "./readings.ts";
import { wireLimits } from "./wire-limits.ts";

/** An id of ours: organization, site, device, DER. */
export const Id = Type.String({ pattern: "^[A-Za-z0-9_-]{1,64}$" });

const Ids = (description: string) =>
  Type.Optional(
    Type.Array(Id, {
      minItems: 1,
      maxItems: wireLimits.filterIdsMax,
      uniqueItems: true,
      description,
    }),
  );

/** Which readings, from where on, and how often: see `Selection`. */
export const selectionMembers = {
  types: Type.Optional(
    Type.Array(Type.Enum([...readingTypes]), {
      minItems: 1,
      maxItems: 16,
      description: "Only readings of these types",
    }),
  ),
  devices: Ids("Only readings of these devices"),
  ders: Ids("Only readings of these DERs"),
  since: Type.Optional(
    Type.Union([Type.String({ maxLength: 40 }), Type.Integer({ minimum: 0, maximum: 8.64e15 })], {
      description: "Start in the past: epoch milliseconds, ISO-8601 time or cursor",
    }),
  ),
  cursor: Type.Optional(
    Type.String({ maxLength: 40, description: "Start right after this position" }),
  ),
  min_interval_ms: Type.Optional(
    Type.Integer({
      minimum: wireLimits.minIntervalMs,
      maximum: wireLimits.minIntervalMsMax,
      description: "At most one reading per DER in this time, the newest; implies mode=latest",
      "x-unit": "ms",
    }),
  ),
  mode: Type.Optional(
    Type.Enum(["all", "latest"], {
      default: "all",
      description: "all: every reading; latest: the newest of each DER when the listener is ready",
    }),
  ),
  snapshot: Type.Optional(
    Type.Boolean({ default: false, description: "Begin with the last reading of each DER" }),
  ),
  liveness: Type.Optional(
    Type.Boolean({
      default: false,
      description: "Tell whether each DER is online, stale or offline, and when that changes",
    }),
  ),
};

/**
 * The one subscription language of every transport: which readings of the sites that a stream is
 * about, from where on, and how often. SSE writes it as a query, WebSocket as a JSON object.
 */
export const Selection = Type.Object(selectionMembers, { title: "Selection" });
export type Selection = Static<typeof Selection>;
