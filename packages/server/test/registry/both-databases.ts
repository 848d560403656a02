import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import type { RegistryChange } from "../../src/registry/changes.ts";
import { openRegistry, type Registry } from "../../src/registry/database.ts";
import { findPostgres, type PostgresCluster, startPostgres } from "./postgres.ts";

/** In the URL of every test database, so that a leak of it can be seen. */
export const databasePassword = "s3cret-of-the-database";

/** Runs the same behaviours on SQLite and, where it is installed, on PostgreSQL. */
export function onBothDatabases(name: string, suite: (db: TestDatabase) => void): void {
  describe(`${name} on SQLite`, () => suite(new TestDatabase(async () => undefined)));

  const bin = findPostgres();
  const mayMiss = bin === undefined && process.env.CI !== "true";
  const missing = "PostgreSQL is not installed (Debian: apt install postgresql)";
  describe(`${name} on PostgreSQL`, { skip: mayMiss && missing }, () => {
    let cluster: PostgresCluster;
    before(async () => {
      assert.ok(bin, missing);
      cluster = await startPostgres(bin, databasePassword);
    });
    after(() => cluster?.[Symbol.asyncDispose]());
    suite(new TestDatabase(() => cluster.createDatabase()));
  });
}

/** A registry of one database, open while the tests of a suite run, and what they put into it. */
export class TestDatabase {
  readonly newDatabase: () => Promise<string | undefined>;
  dataDir = "";
  databaseUrl: string | undefined;
  #registry: Registry | undefined;
  readonly #changes: RegistryChange[] = [];
  #keys = 0;

  constructor(newDatabase: () => Promise<string | undefined>) {
    this.newDatabase = newDatabase;
    before(async () => {
      this.dataDir = await mkdtemp(join(tmpdir(), "novacore-registry-"));
      this.databaseUrl = await newDatabase();
      const { databaseUrl, dataDir } = this;
      this.#registry = await openRegistry({ databaseUrl, dataDir });
      this.#registry.changes.subscribe((change) => this.#changes.push(change));
    });
    after(async () => {
      await this.#registry?.close();
      await rm(this.dataDir, { recursive: true, force: true });
    });
  }

  get registry(): Registry {
    assert.ok(this.#registry, "the registry is open while tests run");
    return this.#registry;
  }

  newKey(): string {
    this.#keys++;
    return this.#keys.toString(16).padStart(64, "0");
  }

  async newUser(): Promise<string> {
    const publicKeys = [this.newKey()];
    return (await this.registry.identities.register({ type: "user", publicKeys })).identity.id;
  }

  async newHome(): Promise<{ ownerId: string; orgId: string; siteId: string }> {
    const ownerId = await this.newUser();
    const { id: orgId } = await this.registry.organizations.create({ name: "Home", ownerId });
    const { id: siteId } = await this.registry.sites.create(orgId, { name: "House" });
    return { ownerId, orgId, siteId };
  }

  async claim(serial: string, orgId: string, publicKey: string): Promise<void> {
    const nonceUntil = new Date(Date.now() + 600_000).toISOString();
    const nonce = this.newKey();
    await this.registry.gateways.claim({ serial, orgId, publicKey, nonce, nonceUntil });
  }

  async newGateway(orgId: string): Promise<{ serial: string; publicKey: string }> {
    const publicKey = this.newKey();
    const serial = `gw-${this.#keys}`;
    await this.claim(serial, orgId, publicKey);
    return { serial, publicKey };
  }

  /** Changes told since the last call. */
  told(): string[] {
    return this.#changes.splice(0).map(({ kind, id }) => `${kind} ${id}`);
  }
}

/** What a test provisions where it does not matter what. */
export function inverter(orgId: string, siteId: string, gatewaySerial: string) {
  return {
    orgId,
    siteId,
    gatewaySerial,
    hardwareId: "make:42",
    type: "inverter" as const,
    ders: [
      { name: "roof", type: "solar" as const },
      { name: "grid", type: "meter" as const },
    ],
  };
}
