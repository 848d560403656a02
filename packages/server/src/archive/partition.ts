/** Which organizations one writer of the archive takes care of, when several share the work. */
export interface Partition {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/** A partition as the manifest's positions name it: another number of writers has others. */
export function partOf({ index, count }: Partition): number {
  return count === 1 ? 0 : count * partitionsMax + index;
}

/** Whether an organization belongs to a partition that the manifest's positions name. */
export function isPartOf(part: number, orgId: string): boolean {
  const count = Math.max(1, Math.floor(part / partitionsMax));
  return isInPartition(orgId, { index: part % partitionsMax, count });
}

export function isInPartition(orgId: string, { index, count }: Partition): boolean {
  return count === 1 || hash(orgId) % count === index;
}

export function parseOrgOfPath(path: string): string | undefined {
  return /^(?:cells\/)?org=([^/]+)\//.exec(path)?.[1];
}

/** More would share out hardly more than single organizations. */
export const partitionsMax = 1_024;

/** FNV-1a, 32 bits: the same everywhere and for ever, as the files are found by it. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return value;
}
