import type { ColumnType } from "kysely";
import type { DerType, DeviceType } from "./device-types.ts";
import type { BatterySign, DeviceState } from "./gateway-tree.ts";
import type { IdentityType } from "./identities.ts";
import type { Role } from "./members.ts";

/**
 * The registry's rows. One SQL subset serves SQLite and PostgreSQL: times are ISO-8601 UTC text,
 * which both sort rightly and give back unchanged; flags are 0 or 1.
 */
export interface Tables {
  identities: IdentityRow;
  identity_keys: IdentityKeyRow;
  organizations: OrganizationRow;
  members: MemberRow;
  member_sites: MemberSiteRow;
  sites: SiteRow;
  gateways: GatewayRow;
  claim_nonces: ClaimNonceRow;
  devices: DeviceRow;
  ders: DerRow;
  integrations: IntegrationRow;
  nats_slots: NatsSlotRow;
  archive_files: ArchiveFileRow;
  archive_positions: ArchivePositionRow;
  archive_garbage: ArchiveGarbageRow;
  archive_home: ArchiveHomeRow;
  archive_reach: ArchiveReachRow;
  archive_expired: ArchiveExpiredRow;
}

export interface IdentityRow {
  id: string;
  type: IdentityType;
  name: string | null;
  created_at: string;
  revoked_at: string | null;
}

export interface IdentityKeyRow {
  /** Canonical form: lower-case hex, 128 digits for P-256, 64 for Ed25519. */
  public_key: string;
  identity_id: string;
  created_at: string;
}

export interface OrganizationRow {
  id: string;
  name: string;
  owner_id: string;
  created_at: string;
  /** Days that the archive keeps; null: for good. */
  retention_days: number | null;
}

export interface MemberRow {
  org_id: string;
  identity_id: string;
  role: Role;
  /** 1: sees only the sites in member_sites, also when the last of them is gone. */
  site_limited: number;
  created_at: string;
}

export interface MemberSiteRow {
  org_id: string;
  identity_id: string;
  site_id: string;
}

export interface SiteRow {
  id: string;
  org_id: string;
  name: string;
  timezone: string | null;
  latitude: number | null;
  longitude: number | null;
  created_at: string;
}

export interface GatewayRow {
  /** Also the id of the gateway's identity. */
  serial: string;
  org_id: string | null;
  battery_sign: BatterySign;
  /** Of the latest claim, kept after a release; null: the key has never been proved. */
  claimed_at: string | null;
  created_at: string;
}

export interface ClaimNonceRow {
  gateway_serial: string;
  nonce: string;
  expires_at: string;
}

export interface DeviceRow {
  id: string;
  gateway_serial: string;
  site_id: string;
  hardware_id: string;
  name: string | null;
  manufacturer: string | null;
  model: string | null;
  type: DeviceType;
  state: DeviceState;
  created_at: string;
  /** When it came to its site from another one; null: it was never moved. */
  moved_at: string | null;
}

export interface DerRow {
  id: string;
  device_id: string;
  name: string;
  type: DerType;
  created_at: string;
}

export interface IntegrationRow {
  identity_id: string;
  /** The one organization that it works for. */
  org_id: string;
  /** A JSON array. */
  scopes: string;
  created_by: string;
  last_seen_at: string | null;
}

export interface NatsSlotRow {
  /** Of the account EXT_{slot}. */
  slot: number;
  org_id: string;
}

/**
 * PostgreSQL gives a bigint back as text, as it may not fit a number; these all do.
 */
type BigInteger = ColumnType<number | string, number, number>;
type MaybeBigInteger = ColumnType<number | string | null, number | null, number | null>;

export interface ArchiveFileRow {
  /** Inside the archive's folder, with `/`. */
  path: string;
  org_id: string;
  /** Of the timestamps in it, UTC, YYYY-MM-DD. */
  day: string;
  kind: "rows" | "late" | "cells";
  /** 0: as the writer made it; higher: merged so many times. */
  level: number;
  /** Of the stream; null where no reading in it stood in one. */
  epoch: MaybeBigInteger;
  sequence_first: MaybeBigInteger;
  sequence_last: MaybeBigInteger;
  rows: number;
  bytes: BigInteger;
  timestamp_first: BigInteger;
  timestamp_last: BigInteger;
  der_first: string;
  der_last: string;
  created_at: string;
}

export interface ArchivePositionRow {
  stream: string;
  /** Of the organizations, when several writers share the work. */
  part: number;
  epoch: BigInteger;
  /** Everything up to here is in the files. */
  sequence: BigInteger;
}

export interface ArchiveGarbageRow {
  path: string;
  removed_at: string;
}

export interface ArchiveReachRow {
  stream: string;
  part: number;
  epoch: BigInteger;
  /** After it, and up to the position, nothing of the stream is missing in the files. */
  after_sequence: BigInteger;
}

export interface ArchiveExpiredRow {
  org_id: string;
  /** Readings of the days before it were removed, as their organization does not keep them. */
  before_day: string;
}

export interface ArchiveHomeRow {
  /** 1: there is one. */
  id: number;
  folder_id: string;
}
