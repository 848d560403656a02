import type { NovacoreError } from "../errors.ts";
import type { Rejection } from "./delivery.ts";
import type { DroppedRecords } from "./spool.ts";

/** What happens to a gateway; readings that go well are counted, and not told one by one. */
export type GatewayEvent =
  | { readonly kind: "connected" }
  /** No connection, or it was lost: the spool keeps readings, and it is tried again for ever. */
  | { readonly kind: "lost"; readonly error: NovacoreError; readonly retryInMs: number }
  /** The hub is there and does not take readings now; they are sent again. */
  | { readonly kind: "delayed"; readonly error: NovacoreError; readonly retryInMs: number }
  /** The hub does not take this reading: something has to be mended. */
  | ({ readonly kind: "rejected" } & Rejection)
  /** Readings are lost: the spool had no room for them, or they were too old. */
  | { readonly kind: "dropped"; readonly count: number; readonly reason: DroppedRecords["reason"] }
  /** This machine's disk failed (`spool_failed`), or `state` threw (`options_invalid`). */
  | { readonly kind: "failed"; readonly error: NovacoreError }
  /** This machine's clock is so far ahead of the hub's (behind, if negative); logins allow for it. */
  | { readonly kind: "clock"; readonly aheadMs: number };

/** Readings since the gateway was opened. */
export interface GatewayCounts {
  readonly published: number;
  readonly stored: number;
  readonly duplicates: number;
  /** Over MQTT: the hub's broker has them. */
  readonly acknowledged: number;
  readonly rejected: number;
  readonly dropped: number;
  /** Never spooled, as the disk did not take them. */
  readonly failed: number;
  /** In the spool now, those from before included. */
  readonly spooled: number;
}
