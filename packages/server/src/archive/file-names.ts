import { randomBytes } from "node:crypto";

export interface NamedFile {
  readonly orgId: string;
  readonly day: string;
  /** What is in it, as its name says it. */
  readonly what: "rows" | "late" | "cells";
  /** Of the stream's epoch and sequences, for people: the manifest has them. */
  readonly from?: { readonly epoch: number; readonly first: number; readonly last: number };
}

/**
 * A path of the manifest. No two are ever alike: what a crash left under a name is never taken for
 * what was written after it. Cells are apart, so that `org=*\/date=*\/*.parquet` is all readings.
 */
export function newFilePath({ orgId, day, what, from }: NamedFile): string {
  const place = from === undefined ? "" : `-${from.epoch}-${from.first}-${from.last}`;
  const folder = `${what === "cells" ? "cells/" : ""}org=${orgId}/date=${day}`;
  return `${folder}/${what}${place}-${randomBytes(6).toString("hex")}.parquet`;
}

/** An organization that can be the name of a folder: all that the registry makes are. */
export function isFolderName(orgId: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(orgId);
}
