export const dayMs = 86_400_000;

/** The day of the archive that a reading stands in: UTC, YYYY-MM-DD. */
export function dayOf(timestampMs: number): string {
  return new Date(timestampMs).toISOString().slice(0, 10);
}
