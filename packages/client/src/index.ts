export type { ConnectionNotice, ConnectionState, Timing } from "./connection-state.ts";
export type { Renewable } from "./credentials.ts";
export {
  type ClientErrorCode,
  NovacoreError,
  type NovacoreErrorCode,
} from "./errors.ts";
export { type Flow, flow } from "./flow.ts";
export type { Jwk, KeyPair, PrivateKey } from "./key-login.ts";
export {
  Novacore,
  type NovacoreOptions,
  type OrganizationSource,
  type ReadingsSource,
  type SiteSource,
} from "./novacore.ts";
export type { ReadingStream, StreamEvent } from "./reading-stream.ts";
export type { Der, Device, Gateway, Organization, Site } from "./resources.ts";
export type { PageOptions, RequestOptions } from "./rest.ts";
export type { ReadingOf, ReadingsOptions } from "./stream-wish.ts";
export type {
  EnergyFlow,
  EnergyOptions,
  EnergyPeriod,
  History,
  HistoryFormat,
  HistoryOptions,
  HistoryRow,
  LatestReading,
  PastSource,
  RangeOptions,
  SilenceReason,
  SiteEnergy,
  Time,
} from "./telemetry.ts";
export type { Arrival, Connection, Credential, Opening, Transport } from "./transport.ts";
