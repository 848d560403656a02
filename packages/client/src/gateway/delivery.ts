import type { Reading } from "@novacore/protocol";
import type { NovacoreError, NovacoreErrorCode } from "../errors.ts";
import type { DroppedRecords } from "./spool.ts";

/** A reading with its address, as uploads carry it and the spool keeps it. */
export type AddressedReading = Reading & { readonly hardware_id: string; readonly der: string };

/** The hub has looked at a reading and does not take it; sent again, it would say the same. */
export interface Rejection {
  readonly code: NovacoreErrorCode;
  readonly message: string;
  /** JSON pointer of the member at fault, where it is one. */
  readonly path?: string;
  /** Over MQTT its address alone, where the hub could not keep or read the rest. */
  readonly reading: AddressedReading;
}

/** What the hub says of a reading that it was sent; such a reading leaves the spool. */
export type Verdict =
  | {
      /** `duplicate`: it was stored before, as an answer to it was lost. */
      readonly status: "stored" | "duplicate";
      /** What stored means: `fsync`, `replicated` or `page-cache`. */
      readonly durability: string;
      /** Where a stream resumes after it; absent where that is not known. */
      readonly cursor?: string;
      /** It was too old for streams: history has it. */
      readonly archived?: boolean;
    }
  /** MQTT: the hub's broker has stored it; should the hub reject it, an event says so later. */
  | { readonly status: "acknowledged" }
  | { readonly status: "rejected"; readonly rejection: Rejection };

/** What became of a reading. */
export type Delivery =
  | Verdict
  /** It is lost for good. */
  | { readonly status: "dropped"; readonly reason: DroppedRecords["reason"] }
  /** The spool has it, and whoever opens that next sends it; nobody waits for it any more. */
  | { readonly status: "spooled" }
  /** It was never spooled. */
  | { readonly status: "failed"; readonly error: NovacoreError };
