export type { EnrichedReading, Reading, ReadingType } from "@novacore/protocol";
export type { ConnectionNotice, ConnectionState, Timing } from "./connection-state.ts";
export type { ConsumerOwner, ConsumerResource } from "./consumer-resource.ts";
export type { Renewable } from "./credentials.ts";
export type { DerResource, DeviceResource } from "./device-resource.ts";
export {
  type ClientErrorCode,
  NovacoreError,
  type NovacoreErrorCode,
} from "./errors.ts";
export { type Flow, flow } from "./flow.ts";
export type { GatewayResource } from "./gateway-resource.ts";
export type { HubResource } from "./hub-resource.ts";
export type { IdentityResource } from "./identity-resource.ts";
export type { Jwk, KeyPair, PrivateKey } from "./key-login.ts";
export { Novacore, type NovacoreOptions, type ReadingsSource } from "./novacore.ts";
export type {
  Consumer,
  ConsumerPosition,
  Der,
  DerStatus,
  DerWithDevice,
  Device,
  DeviceSettings,
  EnergyPeriod,
  Gateway,
  GatewayClaim,
  GatewayPresence,
  GatewaySettings,
  GatewayState,
  GatewayStatus,
  GatewayWithDevices,
  Health,
  Identity,
  IdentityWithKeys,
  Integration,
  IntegrationSettings,
  IntegrationWithKey,
  JsonWebKeySet,
  KeyChoice,
  Member,
  MemberSettings,
  NatsCredentials,
  NewConsumer,
  NewDer,
  NewDevice,
  NewIdentity,
  NewIntegration,
  NewMember,
  NewOrganization,
  NewSite,
  NewTicket,
  Operations,
  Organization,
  OrganizationSettings,
  ProvisionedDevice,
  PublicKey,
  Readiness,
  Rejection,
  Site,
  SiteEnergy,
  SiteSettings,
  SiteStatus,
  SiteWithDevices,
  Ticket,
  UploadAnswer,
  UploadedReading,
} from "./openapi.ts";
export type {
  IntegrationResource,
  MemberResource,
  OrganizationResource,
} from "./organization-resource.ts";
export type { ReadingStream, StreamEvent } from "./reading-stream.ts";
export type { CallOptions, PageOptions, RequestOptions } from "./rest.ts";
export type { SiteResource } from "./site-resource.ts";
export type { ReadingOf, ReadingsOptions } from "./stream-wish.ts";
export type {
  EnergyOptions,
  History,
  HistoryFormat,
  HistoryOptions,
  HistoryRow,
  LatestReading,
  PastSource,
  RangeOptions,
  Time,
} from "./telemetry.ts";
export type {
  Arrival,
  Connection,
  Credential,
  Opening,
  Transport,
  TransportFactory,
} from "./transport.ts";
