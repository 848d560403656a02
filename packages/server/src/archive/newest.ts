import type { EnrichedAddress } from "@novacore/protocol";

/**
 * The newest reading of each DER that was archived, to tell what comes late from what is new for
 * certain. After a start nothing is known of single DERs: what is not newer than everything that the
 * organization has in the archive counts as late, which is never wrong.
 */
export class NewestTimestamps {
  readonly #archived: ReadonlyMap<string, number>;
  readonly #ders = new Map<string, Map<string, number>>();

  /** `archived` is by organization; those without files are not in it. */
  constructor(archived: ReadonlyMap<string, number>) {
    this.#archived = archived;
  }

  /** Notes a reading; tells whether it is newer than all before it of that DER and organization. */
  isNewer({ orgId, derId }: EnrichedAddress, timestampMs: number): boolean {
    let ders = this.#ders.get(orgId);
    if (ders === undefined) {
      ders = new Map();
      this.#ders.set(orgId, ders);
    }
    const newest = ders.get(derId) ?? this.#archived.get(orgId) ?? Number.NEGATIVE_INFINITY;
    if (timestampMs <= newest) return false;
    ders.set(derId, timestampMs);
    return true;
  }
}
