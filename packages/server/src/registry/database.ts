import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Dialect, Kysely, PostgresDialect } from "kysely";
import { Migrator } from "kysely/migration";
import { Pool } from "pg";
import { ArchiveHome } from "./archive-home.ts";
import { ChangeFeed, type RegistryChanges } from "./changes.ts";
import { DeviceStore } from "./devices.ts";
import { GatewayStore } from "./gateways.ts";
import { IdentityStore } from "./identities.ts";
import { IntegrationStore } from "./integrations.ts";
import { Manifest } from "./manifest.ts";
import { MemberStore } from "./members.ts";
import { migrationProvider } from "./migrations.ts";
import { NatsSlots } from "./nats-slots.ts";
import { OrgDers } from "./org-ders.ts";
import { OrganizationStore } from "./organizations.ts";
import { SiteStore } from "./sites.ts";
import { sqliteDialect } from "./sqlite.ts";
import type { Tables } from "./tables.ts";

export interface RegistryOptions {
  /** `postgres://user:password@host/database`; undefined: `registry.sqlite` in the data folder. */
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
}

/** Identities, organizations, sites, gateways, devices and DERs, in one relational database. */
export interface Registry {
  readonly identities: IdentityStore;
  readonly organizations: OrganizationStore;
  readonly members: MemberStore;
  readonly sites: SiteStore;
  readonly gateways: GatewayStore;
  readonly devices: DeviceStore;
  readonly orgDers: OrgDers;
  readonly integrations: IntegrationStore;
  readonly natsSlots: NatsSlots;
  /** Which files make up the archive. */
  readonly manifest: Manifest;
  /** Where they are. */
  readonly archiveHome: ArchiveHome;
  readonly changes: RegistryChanges;
  /** Throws when the database does not answer: for the readiness check. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the registry and brings its tables up to date; hubs that start together on one database
 * wait for one another. Throws an Error without the URL's password when the database is not there.
 */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const db = new Kysely<Tables>({ dialect: dialectOf(options) });
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The registry at ${describeDatabase(options)} cannot be opened: ${reason}`);
  }
  const changes = new ChangeFeed();
  const members = new MemberStore(db, changes);
  return {
    identities: new IdentityStore(db, changes),
    organizations: new OrganizationStore(db, changes),
    members,
    sites: new SiteStore(db, changes),
    gateways: new GatewayStore(db, changes),
    devices: new DeviceStore(db, changes),
    orgDers: new OrgDers(db),
    integrations: new IntegrationStore(db, changes, members),
    natsSlots: new NatsSlots(db),
    manifest: new Manifest(db),
    archiveHome: new ArchiveHome(db),
    changes,
    ping: async () => {
      await db.selectFrom("claim_nonces").select("nonce").limit(1).execute();
    },
    close: () => db.destroy(),
  };
}

/** Where the registry is, for logs: never with the password of a URL. */
export function describeDatabase({ databaseUrl, dataDir }: RegistryOptions): string {
  if (databaseUrl === undefined) return join(dataDir, sqliteFile);
  if (!URL.canParse(databaseUrl)) return "DATABASE_URL, which is not a URL";
  const { protocol, host, pathname } = new URL(databaseUrl);
  return `${protocol}//${host}${pathname}`;
}

const sqliteFile = "registry.sqlite";
/** Connections to PostgreSQL: the registry's queries take well under a millisecond each. */
const connectionsMax = 8;

function dialectOf({ databaseUrl, dataDir }: RegistryOptions): Dialect {
  if (databaseUrl === undefined) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return sqliteDialect(join(dataDir, sqliteFile));
  }
  if (!/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new Error("DATABASE_URL must begin with postgres://; leave it out to use SQLite.");
  }
  const pool = new Pool({ connectionString: databaseUrl, max: connectionsMax });
  // An idle connection that PostgreSQL drops is replaced at the next query, which reports what is
  // wrong, if anything; without a listener the event would end the process.
  pool.on("error", () => undefined);
  return new PostgresDialect({ pool });
}

async function migrate(db: Kysely<Tables>): Promise<void> {
  const { error } = await new Migrator({ db, provider: migrationProvider }).migrateToLatest();
  if (error !== undefined) throw error;
}
