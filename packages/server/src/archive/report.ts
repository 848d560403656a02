import type { ArchiveTotals } from "../registry/manifest.ts";

/** What the archive tells of its work; it goes from one thread to another. */
export type ArchiveEvent =
  | {
      readonly kind: "log";
      readonly level: "info" | "warn" | "error";
      readonly fields: object;
      readonly sentence: string;
    }
  /** Readings that are in the archive now, and how many of them came late. */
  | { readonly kind: "written"; readonly readings: number; readonly late: number }
  /** A message that is no reading. */
  | { readonly kind: "unreadable" }
  /** Readings that left the stream before they were archived. */
  | { readonly kind: "lost"; readonly readings: number }
  /** What of a stream is not archived yet, and how long the first of it has been there. */
  | {
      readonly kind: "lag";
      readonly stream: string;
      readonly readings: number;
      readonly ageMs: number;
    }
  | { readonly kind: "compacted" }
  | { readonly kind: "compaction_failed" }
  | { readonly kind: "totals"; readonly totals: ArchiveTotals };

export type Report = (event: ArchiveEvent) => void;

export function logLine(
  level: "info" | "warn" | "error",
  fields: object,
  sentence: string,
): ArchiveEvent {
  return { kind: "log", level, fields, sentence };
}
