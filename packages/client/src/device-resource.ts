import type { DerWithDevice, Device, DeviceSettings, NewDer } from "./openapi.ts";
import type { CallOptions, Rest } from "./rest.ts";
import { type PastSource, pastSource } from "./telemetry.ts";

/** A device, with its DERs. */
export interface DeviceResource extends PastSource {
  get(options?: CallOptions): Promise<Device>;
  /** Another `site_id` moves it, within its organization. */
  update(settings: DeviceSettings, options?: CallOptions): Promise<Device>;
  /** With its DERs; what they reported stays. */
  delete(options?: CallOptions): Promise<void>;
  /** One that it has already is no error. */
  addDer(der: NewDer, options?: CallOptions): Promise<DerWithDevice>;
}

/** What reports: a battery, a meter, a port of a charger. */
export interface DerResource extends PastSource {
  get(options?: CallOptions): Promise<DerWithDevice>;
}

export function deviceResource(rest: Rest, id: string): DeviceResource {
  const path = `devices/${encodeURIComponent(id)}`;
  return {
    get: (options) => rest.request("GET", path, options),
    update: (body, options) => rest.request("PUT", path, { ...options, body }),
    delete: (options) => rest.request("DELETE", path, options),
    addDer: (body, options) => rest.request("POST", `${path}/ders`, { ...options, body }),
    ...pastSource(rest, path),
  };
}

export function derResource(rest: Rest, id: string): DerResource {
  const path = `ders/${encodeURIComponent(id)}`;
  return {
    get: (options) => rest.request("GET", path, options),
    ...pastSource(rest, path),
  };
}
