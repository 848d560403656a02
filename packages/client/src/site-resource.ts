import type {
  Device,
  NewDevice,
  ProvisionedDevice,
  Site,
  SiteEnergy,
  SiteSettings,
  SiteStatus,
  SiteWithDevices,
} from "./openapi.ts";
import type { CallOptions, PageOptions, Rest } from "./rest.ts";
import {
  type EnergyOptions,
  energyOf,
  type LatestReading,
  latestOf,
  type PastSource,
  pastSource,
} from "./telemetry.ts";

/** A site, with what stands on it. */
export interface SiteResource extends PastSource {
  get(options?: CallOptions): Promise<SiteWithDevices>;
  /** `null` takes an optional value away. */
  update(settings: SiteSettings, options?: CallOptions): Promise<Site>;
  /** Where nothing stands on it any more. */
  delete(options?: CallOptions): Promise<void>;
  devices(options?: PageOptions): AsyncGenerator<Device, void>;
  /** Makes a device known that is behind a gateway, or adds DERs to one that is. */
  provisionDevice(
    device: Omit<NewDevice, "site_id">,
    options?: CallOptions,
  ): Promise<ProvisionedDevice>;
  /** How its DERs and gateways do, since when and why. */
  status(options?: CallOptions): Promise<SiteStatus>;
  /** What it imported, produced and used; docs/energy.md says how it is counted. */
  energy(options: EnergyOptions): Promise<SiteEnergy>;
  /** The newest reading of each DER, and how the DER does. */
  latest(options?: PageOptions): AsyncGenerator<LatestReading, void>;
}

export function siteResource(rest: Rest, id: string): SiteResource {
  const path = `sites/${encodeURIComponent(id)}`;
  return {
    get: (options) => rest.request("GET", path, options),
    update: (body, options) => rest.request("PUT", path, { ...options, body }),
    delete: (options) => rest.request("DELETE", path, options),
    devices: (options) => rest.list(`${path}/devices`, {}, options),
    provisionDevice: (device, options) =>
      rest.request("POST", "devices/provision", { ...options, body: { ...device, site_id: id } }),
    status: (options) => rest.request("GET", `${path}/status`, options),
    ...pastSource(rest, path),
    energy: (options) => energyOf(rest, path, options),
    latest: (options) => latestOf(rest, { site_id: id }, options),
  };
}
