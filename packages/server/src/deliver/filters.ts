import type { Selection } from "@novacore/protocol";

/** A site whose readings a stream carries. */
export interface StreamSite {
  readonly orgId: string;
  readonly siteId: string;
}

/** Subject filters read side by side in one replay: each costs a read of its own. */
export const filtersMax = 4;

/**
 * The stream's subjects for some sites, few enough to be read side by side. More sites than that
 * are read by their organization, and what belongs to others is dropped here: one scan of an
 * organization beats many of its sites from five on, as measured.
 */
export function subjectFilters(
  sites: readonly StreamSite[],
  selection: Pick<Selection, "ders"> = {},
): readonly string[] {
  const bySite = sites.map(({ orgId, siteId }) => `orgs.${orgId}.sites.${siteId}`);
  const { ders } = selection;
  if (ders !== undefined && ders.length * sites.length <= filtersMax) {
    return bySite.flatMap((site) => ders.map((der) => `${site}.devices.*.ders.${der}.>`));
  }
  if (sites.length <= filtersMax) return bySite.map((site) => `${site}.>`);
  const orgs = new Set(sites.map(({ orgId }) => `orgs.${orgId}.>`));
  return orgs.size <= filtersMax ? [...orgs] : ["orgs.>"];
}

/** Exact filters of each site, for reads of the last message per subject. */
export function siteFilters(
  sites: readonly StreamSite[],
  { devices, ders }: Pick<Selection, "devices" | "ders">,
): readonly string[] {
  const bySite = sites.map(({ orgId, siteId }) => `orgs.${orgId}.sites.${siteId}`);
  if (ders !== undefined && ders.length * sites.length <= lastFiltersMax) {
    return bySite.flatMap((site) => ders.map((der) => `${site}.devices.*.ders.${der}.>`));
  }
  if (devices !== undefined && devices.length * sites.length <= lastFiltersMax) {
    return bySite.flatMap((site) => devices.map((device) => `${site}.devices.${device}.>`));
  }
  return bySite.map((site) => `${site}.>`);
}

const lastFiltersMax = 512;
