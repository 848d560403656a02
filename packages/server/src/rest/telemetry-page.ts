import { NovacoreError } from "@novacore/protocol";
import type { Moment, PageKey } from "../history/range-job.ts";

/** Where a page of readings goes on, and the moment of which all its pages are. */
export interface TelemetryPage {
  readonly asOf: Moment;
  readonly after: PageKey;
}

export function encodePage({ asOf, after }: TelemetryPage): string {
  const parts = [asOf.epoch, asOf.head, asOf.atMs, after.timestampMs, after.derId];
  return Buffer.from(parts.join(" ")).toString("base64url");
}

/** Throws `cursor_invalid`. */
export function decodePage(cursor: string): TelemetryPage {
  const parts = /^(\d{1,14}) (\d{1,15}) (\d{1,14}) (\d{1,15}) ([A-Za-z0-9_-]{1,64})$/.exec(
    Buffer.from(cursor, "base64url").toString("latin1"),
  );
  if (parts === null) throw new NovacoreError("cursor_invalid");
  const [, epoch, head, atMs, timestampMs, derId = ""] = parts;
  return {
    asOf: { epoch: Number(epoch), head: Number(head), atMs: Number(atMs) },
    after: { timestampMs: Number(timestampMs), derId },
  };
}
