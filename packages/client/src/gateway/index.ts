export type { NovacoreError, NovacoreErrorCode } from "../errors.ts";
export type {
  AddressedReading,
  Delivery,
  Rejection,
  Verdict,
} from "./delivery.ts";
export type { GatewayCounts, GatewayEvent } from "./events.ts";
export { Gateway, type GatewayReading, type Publication } from "./gateway.ts";
export type { ClaimMessage } from "./identity.ts";
export { GatewayKey } from "./key.ts";
export type { GatewayOptions, GatewayState } from "./options.ts";
export type { DroppedRecords } from "./spool.ts";
