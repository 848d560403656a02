import type { EnrichedReading } from "@novacore/protocol";
import { enrichedSubject, namePattern } from "@novacore/protocol/subjects";
import type { NatsLogin } from "./nats-login.ts";
import type { StreamSelection, StreamTarget } from "./transport.ts";

/**
 * The subjects whose readings a stream wants, none of which overlap. They may bring more than it
 * wants, as types are in no subject: `isWanted` has the last word.
 */
export function subjectsOf(
  { org_id: orgId, subjects }: Pick<NatsLogin, "org_id" | "subjects">,
  { sites }: StreamTarget,
  { devices, ders }: StreamSelection,
): readonly string[] {
  const siteIds = [...new Set(sites ?? subjects.map(siteOf))];
  const ids = [...new Set(ders ?? devices ?? [])];
  const isNamed = ids.length > 0 && siteIds.length * ids.length <= subjectsMax && ids.every(isName);
  return siteIds.flatMap((siteId) =>
    (isNamed ? ids : ["*"]).map((id) => {
      const [deviceId, derId] = ders === undefined ? [id, "*"] : ["*", id];
      return enrichedSubject({ orgId, siteId, deviceId, derId });
    }),
  );
}

/** Whether a reading is one of the selection's, by the filters that the hub applies elsewhere. */
export function isWanted(
  { type, device_id, der_id }: EnrichedReading,
  { types, devices, ders }: StreamSelection,
): boolean {
  return (
    (types?.includes(type) ?? true) &&
    (devices?.includes(device_id) ?? true) &&
    (ders?.includes(der_id) ?? true)
  );
}

/** A connection of a back end may have 1 000; beyond half of that, a site is heard whole. */
const subjectsMax = 500;

function isName(id: string): boolean {
  return namePattern.test(id);
}

/** `orgs.{org}.sites.{site}.>`, or `orgs.{org}.>` for all sites. */
function siteOf(subject: string): string {
  const [, , sites, siteId] = subject.split(".");
  return sites === "sites" && siteId !== undefined ? siteId : "*";
}
