/** A part of a list: what comes after an id, in the order of ids. */
export interface Page {
  /** Id of the last item seen; undefined: from the beginning. */
  readonly after: string | undefined;
  readonly limit: number;
}
