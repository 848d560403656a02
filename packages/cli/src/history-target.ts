import type { Device, PastSource } from "@novacore/client";
import type { Connected } from "./connect.ts";
import { UsageError } from "./failure.ts";
import { optional } from "./field.ts";
import { chooseSite, siteDefault } from "./site-choice.ts";

/** Whose past is asked for: at most one of the three. */
export const targetOptions = {
  site: optional("SITE", `All of this site; ${siteDefault}`),
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

/** The given one, else the only site that there is. Throws UsageError where several are given, or there are. */
export async function chooseTarget(
  connected: Pick<Connected, "nova" | "orgId">,
  given: GivenTarget,
  signal: AbortSignal,
): Promise<HistoryTarget> {
  const { nova } = connected;
  const { device, der } = given;
  const all = [given.site, device, der].filter((each) => each !== undefined);
  if (all.length > 1) throw new UsageError("give one of --site, --device and --der.");
  const advice = "give one by --site, or --device or --der.";
  const site = all.length > 0 ? given.site : await chooseSite(connected, advice, signal);
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
