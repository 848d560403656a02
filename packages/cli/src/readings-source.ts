import type { ReadingsSource } from "@novacore/client";
import type { Connected } from "./connect.ts";
import { optional, several } from "./field.ts";
import { chooseOrganization, organizationDefault } from "./organization.ts";
import { oneOf } from "./readers.ts";
import { readingTypes } from "./reading-types.ts";

/** Whose readings are meant, and what carries them. */
export const sourceOptions = {
  site: several("SITE", "Readings of these sites"),
  org: optional("ORG", `Readings of this organization; ${organizationDefault}`),
  device: several("DEVICE", "Only of these devices"),
  der: several("DER", "Only of these DERs"),
  types: several("TYPE", `Only of these types: ${readingTypes.join(", ")}`, oneOf(readingTypes)),
  transport: optional("NAME", "websocket or sse", oneOf(["websocket", "sse"])),
};

interface Wish {
  readonly site: readonly string[] | undefined;
  readonly org: string | undefined;
  readonly device: readonly string[] | undefined;
  readonly der: readonly string[] | undefined;
}

/** Sites, an organization, or where a lone device or DER is, which the hub knows. */
export async function chooseSource(
  connected: Pick<Connected, "nova" | "orgId">,
  { site, org, device, der }: Wish,
  signal: AbortSignal,
): Promise<ReadingsSource> {
  const { nova } = connected;
  if (site !== undefined) return nova.sites(site);
  if (org !== undefined) return nova.org(org);
  const [onlyDevice, ...otherDevices] = device ?? [];
  const [onlyDer, ...otherDers] = der ?? [];
  const isOne = [...otherDevices, ...otherDers].length === 0;
  if (isOne && onlyDer !== undefined && onlyDevice === undefined) return nova.der(onlyDer);
  if (isOne && onlyDevice !== undefined && onlyDer === undefined) return nova.device(onlyDevice);
  return nova.org(await chooseOrganization(connected, org, signal));
}
