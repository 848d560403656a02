import { type Kysely, sql } from "kysely";
import type { Migration, MigrationProvider } from "kysely/migration";

/** Migrations in code, applied in the order of their names; a published one is never edited. */
export const migrationProvider: MigrationProvider = {
  getMigrations: async () => migrations,
};

const migrations: Record<string, Migration> = {
  "0001-registry": {
    up: async (db: Kysely<unknown>) => {
      for (const statement of registryTables) await sql.raw(statement).execute(db);
    },
  },
  "0002-integrations": {
    up: async (db: Kysely<unknown>) => {
      for (const statement of integrationTables) await sql.raw(statement).execute(db);
    },
  },
  "0003-archive": {
    up: async (db: Kysely<unknown>) => {
      for (const statement of archiveTables) await sql.raw(statement).execute(db);
    },
  },
  "0004-archive-reach": {
    up: async (db: Kysely<unknown>) => {
      for (const statement of archiveReachTables) await sql.raw(statement).execute(db);
    },
  },
  "0005-archive-home": {
    up: async (db: Kysely<unknown>) => {
      await sql.raw(archiveHomeTable).execute(db);
    },
  },
  "0006-device-moves": {
    up: async (db: Kysely<unknown>) => {
      await sql.raw("alter table devices add column moved_at text").execute(db);
    },
  },
};

/** Plain SQL: it is the subset that both databases read the same way, and shows it. */
const registryTables = [
  `create table identities (
    id text primary key,
    type text not null,
    name text,
    created_at text not null,
    revoked_at text
  )`,
  `create table identity_keys (
    public_key text primary key,
    identity_id text not null references identities (id) on delete cascade,
    created_at text not null
  )`,
  `create index identity_keys_identity on identity_keys (identity_id)`,
  `create table organizations (
    id text primary key,
    name text not null,
    owner_id text not null references identities (id),
    created_at text not null
  )`,
  `create table members (
    org_id text not null references organizations (id) on delete cascade,
    identity_id text not null references identities (id) on delete cascade,
    role text not null check (role in ('owner', 'admin', 'operator', 'viewer')),
    site_limited integer not null check (site_limited in (0, 1)),
    created_at text not null,
    primary key (org_id, identity_id)
  )`,
  `create index members_identity on members (identity_id)`,
  `create table sites (
    id text primary key,
    org_id text not null references organizations (id) on delete cascade,
    name text not null,
    timezone text,
    latitude double precision,
    longitude double precision,
    created_at text not null
  )`,
  `create index sites_org on sites (org_id, id)`,
  `create table member_sites (
    org_id text not null,
    identity_id text not null,
    site_id text not null references sites (id) on delete cascade,
    primary key (org_id, identity_id, site_id),
    foreign key (org_id, identity_id) references members (org_id, identity_id) on delete cascade
  )`,
  `create table gateways (
    serial text primary key references identities (id),
    org_id text references organizations (id),
    battery_sign text not null check (battery_sign in ('canonical', 'negated')),
    claimed_at text,
    created_at text not null
  )`,
  `create index gateways_org on gateways (org_id, serial)`,
  `create table claim_nonces (
    gateway_serial text not null,
    nonce text not null,
    expires_at text not null,
    primary key (gateway_serial, nonce)
  )`,
  `create index claim_nonces_expiry on claim_nonces (expires_at)`,
  `create table devices (
    id text primary key,
    gateway_serial text not null references gateways (serial),
    site_id text not null references sites (id) on delete cascade,
    hardware_id text not null,
    name text,
    manufacturer text,
    model text,
    type text not null,
    state text not null check (state in ('pending', 'active', 'orphaned')),
    created_at text not null
  )`,
  // A gateway that moved may meet the same hardware again: the orphan stays with its old site.
  `create unique index devices_hardware on devices (gateway_serial, hardware_id)
    where state <> 'orphaned'`,
  `create index devices_site on devices (site_id, id)`,
  `create index devices_gateway on devices (gateway_serial)`,
  `create table ders (
    id text primary key,
    device_id text not null references devices (id) on delete cascade,
    name text not null,
    type text not null,
    created_at text not null,
    unique (device_id, name)
  )`,
];

/** Name, keys and revocation stand with the identity, sites with the membership. */
const integrationTables = [
  `create table integrations (
    identity_id text primary key references identities (id) on delete cascade,
    org_id text not null references organizations (id) on delete cascade,
    scopes text not null,
    created_by text not null,
    last_seen_at text
  )`,
  `create index integrations_org on integrations (org_id, identity_id)`,
  `create table nats_slots (
    slot integer primary key,
    org_id text not null unique references organizations (id) on delete cascade
  )`,
];

/**
 * What the archive's folder holds. Files outlive the organization that they are of, until they are
 * removed: nothing references it.
 */
const archiveTables = [
  `create table archive_files (
    path text primary key,
    org_id text not null,
    day text not null,
    kind text not null check (kind in ('rows', 'late', 'cells')),
    level integer not null,
    epoch bigint,
    sequence_first bigint,
    sequence_last bigint,
    rows integer not null,
    bytes bigint not null,
    timestamp_first bigint not null,
    timestamp_last bigint not null,
    der_first text not null,
    der_last text not null,
    created_at text not null
  )`,
  `create index archive_files_day on archive_files (org_id, day)`,
  `create table archive_positions (
    stream text not null,
    part integer not null,
    epoch bigint not null,
    sequence bigint not null,
    primary key (stream, part)
  )`,
  `create table archive_garbage (
    path text primary key,
    removed_at text not null
  )`,
  `alter table organizations add column retention_days integer`,
];

/** From where on the archive has everything: what its files alone do not say. */
const archiveReachTables = [
  `create table archive_reach (
    stream text not null,
    part integer not null,
    epoch bigint not null,
    after_sequence bigint not null,
    primary key (stream, part)
  )`,
  `create table archive_expired (
    org_id text primary key,
    before_day text not null
  )`,
];

/** One row: which folder the files are in. */
const archiveHomeTable = `create table archive_home (
    id integer primary key check (id = 1),
    folder_id text not null
  )`;
