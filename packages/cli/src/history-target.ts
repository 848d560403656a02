import type { Device, Novacore, PastSource } from "@novacore/client";
import { UsageError } from "./failure.ts";
import { optional } from "./field.ts";

/** Whose past is asked for: one of the three. */
export const targetOptions = {
  site: optional("SITE", "All of this site"),
  device: optional("DEVICE", "All of this device"),
  der: optional("DER", "This DER alone"),
};

export interface GivenTarget {
  readonly site: string | undefined;
  readonly device: string | undefined;
  readonly der: string | undefined;
}

export interface HistoryTarget {
  readonly past: PastSource;
  /** Names of DERs, by id. */
  names(): Promise<ReadonlyMap<string, string>>;
}

/** Throws UsageError unless just one is given. */
export function chooseTarget(
  nova: Novacore,
  given: GivenTarget,
  signal: AbortSignal,
): HistoryTarget {
  const { site, device, der } = given;
  if ([site, device, der].filter((each) => each !== undefined).length !== 1) {
    throw new UsageError("give one of --site, --device and --der.");
  }
  const get = <T>(path: string) => nova.request<T>("GET", path, { signal });
  const namesOf = (devices: readonly Pick<Device, "ders">[]) =>
    new Map(devices.flatMap(({ ders }) => ders.map(({ id, name }) => [id, name] as const)));
  if (site !== undefined) {
    const past = nova.site(site);
    const names = async () => {
      const devices: Device[] = [];
      for await (const each of past.devices({ signal })) devices.push(each);
      return namesOf(devices);
    };
    return { past, names };
  }
  if (device !== undefined) {
    const path = `devices/${encodeURIComponent(device)}`;
    return { past: nova.device(device), names: async () => namesOf([await get<Device>(path)]) };
  }
  const id = der ?? "";
  const path = `ders/${encodeURIComponent(id)}`;
  const names = async () => new Map([[id, (await get<{ name: string }>(path)).name]]);
  return { past: nova.der(id), names };
}
