import { enrichedSubject, NovacoreError, type ReadingType } from "@novacore/protocol";
import { limits } from "./limits.ts";
import type { Registry } from "./registry/database.ts";
import type { ConsumerFilters } from "./store/consumer-record.ts";

/** What a back end's consumer is to read. */
export interface FilterWish {
  readonly orgId: string;
  readonly sites: readonly string[] | undefined;
  readonly types: readonly ReadingType[] | undefined;
}

type Known = Pick<Registry, "orgDers">;

/**
 * The subjects of a consumer, within the sites that its integration sees (undefined: all). Types
 * become the subjects of the DERs that report them. Throws `validation_failed` when they are more
 * than a consumer may have.
 */
export async function exactFilters(
  { orgDers }: Known,
  wish: FilterWish,
  granted: readonly string[] | undefined,
): Promise<ConsumerFilters> {
  const siteIds = within(wish.sites, granted);
  if (siteIds !== undefined && siteIds.length > limits.consumerFiltersMax) {
    throw tooMany("/sites", siteIds.length, "sites");
  }
  const { orgId, types } = wish;
  if (types === undefined) return { subjects: ofSites(orgId, siteIds), isWidened: false };
  const query = { orgId, siteIds, types };
  const ders = await orgDers.list(query, limits.consumerFiltersMax + 1);
  if (ders.length > limits.consumerFiltersMax) {
    throw tooMany("/types", await orgDers.count(query), "DERs");
  }
  // A reading stays where it was stored: with every site in sight, so are those of a DER that moved.
  const subjects = ders.map(({ siteId, deviceId, derId }) =>
    enrichedSubject({ orgId, siteId: siteIds === undefined ? "*" : siteId, deviceId, derId }),
  );
  return { subjects: orNothing(orgId, subjects), isWidened: false };
}

/**
 * The same for a consumer that exists: where there are more DERs by now than it can name, it reads
 * their sites as a whole. So it gets more than it asked for, and never less.
 */
export async function keptFilters(
  known: Known,
  wish: FilterWish,
  granted: readonly string[] | undefined,
): Promise<ConsumerFilters> {
  try {
    return await exactFilters(known, wish, granted);
  } catch (error) {
    if (!(error instanceof NovacoreError) || error.code !== "validation_failed") throw error;
    const siteIds = within(wish.sites, granted)?.slice(0, limits.consumerFiltersMax);
    return { subjects: ofSites(wish.orgId, siteIds), isWidened: true };
  }
}

function within(
  sites: readonly string[] | undefined,
  granted: readonly string[] | undefined,
): readonly string[] | undefined {
  const unique = sites && [...new Set(sites)];
  if (granted === undefined) return unique;
  return unique === undefined ? granted : unique.filter((id) => granted.includes(id));
}

function ofSites(orgId: string, siteIds: readonly string[] | undefined): string[] {
  if (siteIds === undefined) return [`orgs.${orgId}.>`];
  const subjects = siteIds.map((id) => `orgs.${orgId}.sites.${id}.>`);
  return orNothing(orgId, subjects);
}

/** No filter at all would mean everything: a subject stands here that nothing is stored under. */
function orNothing(orgId: string, subjects: string[]): string[] {
  if (subjects.length > 0) return subjects;
  return [enrichedSubject({ orgId, siteId: "none", deviceId: "none", derId: "none" })];
}

function tooMany(path: string, count: number, what: string): NovacoreError {
  const message =
    `${count} ${what} match, and a consumer reads at most ${limits.consumerFiltersMax} of them; ` +
    "name fewer sites and make several consumers, or leave types out.";
  return new NovacoreError("validation_failed", message, { details: [{ path, message }] });
}
