import type {
  Gateway,
  GatewaySettings,
  GatewayState,
  GatewayStatus,
  GatewayWithDevices,
  Rejection,
  UploadAnswer,
  UploadedReading,
} from "./openapi.ts";
import type { CallOptions, PageOptions, Rest } from "./rest.ts";

/** A gateway, with what is behind it. */
export interface GatewayResource {
  get(options?: CallOptions): Promise<GatewayWithDevices>;
  update(settings: GatewaySettings, options?: CallOptions): Promise<Gateway>;
  /** It belongs to nobody then; its devices stay behind, orphaned. */
  release(options?: CallOptions): Promise<void>;
  /** How it and the DERs behind it do, since when and why. */
  status(options?: CallOptions): Promise<GatewayStatus>;
  /** What it said last of itself. */
  state(options?: CallOptions): Promise<GatewayState>;
  /** Readings that were not taken in the last 24 hours, and why not; the newest first. */
  rejections(options?: PageOptions): AsyncGenerator<Rejection, void>;
  /**
   * As the gateway itself: up to 10 000 readings, also of days that it was offline. Each is answered
   * by itself, so look for those that are `rejected`; what was `stored` is kept. Twice is no error.
   */
  upload(readings: readonly UploadedReading[], options?: CallOptions): Promise<UploadAnswer>;
}

export function gatewayResource(rest: Rest, serial: string): GatewayResource {
  const path = `gateways/${encodeURIComponent(serial)}`;
  return {
    get: (options) => rest.request("GET", path, options),
    update: (body, options) => rest.request("PUT", path, { ...options, body }),
    release: (options) => rest.request("DELETE", path, options),
    status: (options) => rest.request("GET", `${path}/status`, options),
    state: (options) => rest.request("GET", `${path}/state`, options),
    rejections: (options) => rest.list(`${path}/rejections`, {}, options),
    upload: (body, options) => rest.request("POST", `${path}/telemetry`, { ...options, body }),
  };
}
