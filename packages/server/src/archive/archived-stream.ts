import type { EnrichedAddress } from "@novacore/protocol";

/** A stream whose readings are to be in the archive. */
export interface ArchivedStream {
  readonly name: string;
  /** Whose reading a subject names; undefined for a subject of another form. */
  readonly parseSubject: (subject: string) => EnrichedAddress | undefined;
  /**
   * Whether it is what cursors are positions in. The other kind holds what was too old for it: all of
   * that is late, and leaves its stream once it is archived.
   */
  readonly isMain: boolean;
}
