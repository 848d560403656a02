import { NovacoreError } from "@novacore/protocol";
import type { Kysely, Transaction } from "kysely";
import { limits } from "../limits.ts";
import type { ChangeFeed } from "./changes.ts";
import { newIdentityId } from "./ids.ts";
import type { IdentityRow, Tables } from "./tables.ts";

export const identityTypes = [
  "user",
  "developer",
  "integration",
  "gateway",
  "device",
  "admin",
  "root",
] as const;
export type IdentityType = (typeof identityTypes)[number];

export interface Identity {
  readonly id: string;
  readonly type: IdentityType;
  readonly name: string | null;
  readonly createdAt: string;
  readonly revokedAt: string | null;
}

export interface NewIdentity {
  /** Default: a new opaque id. A gateway's is its serial. */
  readonly id?: string;
  readonly type: IdentityType;
  readonly name?: string | undefined;
  /** Canonical forms; several only where one text can be read as several keys. */
  readonly publicKeys: readonly string[];
}

/** Who there is, and the keys that prove it. Keys are in canonical form throughout (see keys.ts). */
export class IdentityStore {
  readonly #db: Kysely<Tables>;
  readonly #changes: ChangeFeed;

  constructor(db: Kysely<Tables>, changes: ChangeFeed) {
    this.#db = db;
    this.#changes = changes;
  }

  /**
   * Registers a key: a new identity, or the one that has the key already (`created: false`, nothing
   * changed). Throws `conflict` when the id is taken by another key's identity.
   */
  async register(identity: NewIdentity): Promise<{ identity: Identity; created: boolean }> {
    const known = await this.byKey(identity.publicKeys);
    if (known !== undefined) return { identity: known, created: false };
    const id = identity.id ?? newIdentityId();
    try {
      const created = await this.#db
        .transaction()
        .execute((trx) => insertIdentity(trx, { ...identity, id }));
      this.#changes.emit("identity", [id]);
      return { identity: created, created: true };
    } catch (error) {
      // The same key registered twice at once: the slower one gets what the faster one made.
      const faster = await this.byKey(identity.publicKeys);
      if (faster === undefined) throw error;
      return { identity: faster, created: false };
    }
  }

  async get(id: string): Promise<Identity | undefined> {
    const row = await this.#db
      .selectFrom("identities")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst();
    return row && toIdentity(row);
  }

  /** The identity that has one of these keys. */
  async byKey(publicKeys: readonly string[]): Promise<Identity | undefined> {
    return ownerOf(this.#db, publicKeys);
  }

  async keys(id: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom("identity_keys")
      .select("public_key")
      .where("identity_id", "=", id)
      .orderBy("created_at")
      .orderBy("public_key")
      .execute();
    return rows.map((row) => row.public_key);
  }

  /** When it was last given a key, ISO-8601: `createdAt` for its first. undefined: it has none. */
  async newestKeyAt(id: string): Promise<string | undefined> {
    const row = await this.#db
      .selectFrom("identity_keys")
      .select("created_at")
      .where("identity_id", "=", id)
      .orderBy("created_at", "desc")
      .executeTakeFirst();
    return row?.created_at;
  }

  /** Gives an identity another key. Throws `conflict` when it belongs to somebody or is one too many. */
  async addKey(id: string, publicKey: string): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await lockIdentity(trx, id);
      const owner = await ownerOf(trx, [publicKey]);
      if (owner?.id === id) return;
      if (owner !== undefined) throw new NovacoreError("conflict", "That key is in use already.");
      const held = await trx
        .selectFrom("identity_keys")
        .select("public_key")
        .where("identity_id", "=", id)
        .execute();
      if (held.length >= limits.keysPerIdentityMax) {
        const sentence = `An identity has at most ${limits.keysPerIdentityMax} keys; remove one first.`;
        throw new NovacoreError("conflict", sentence);
      }
      await insertKeys(trx, id, [publicKey]);
    });
    this.#changes.emit("identity", [id]);
  }

  /** Takes a key away; the last one stays (`conflict`), for nobody could log in any more. */
  async removeKey(id: string, publicKey: string): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await lockIdentity(trx, id);
      const held = await trx
        .selectFrom("identity_keys")
        .select("public_key")
        .where("identity_id", "=", id)
        .execute();
      if (!held.some((row) => row.public_key === publicKey)) throw new NovacoreError("not_found");
      if (held.length === 1) {
        const sentence = "That is the only key; add another first, or revoke the identity.";
        throw new NovacoreError("conflict", sentence);
      }
      await trx.deleteFrom("identity_keys").where("public_key", "=", publicKey).execute();
    });
    this.#changes.emit("identity", [id]);
    this.#changes.emit("keys", [id]);
  }

  /** Ends an identity for good: no token, login or ticket of it is accepted any more. */
  async revoke(id: string): Promise<void> {
    const result = await this.#db
      .updateTable("identities")
      .set({ revoked_at: new Date().toISOString() })
      .where("id", "=", id)
      .where("revoked_at", "is", null)
      .executeTakeFirst();
    if (result.numUpdatedRows > 0n) this.#changes.emit("identity", [id]);
  }
}

/** Throws `conflict` when the id or one of the keys is taken, also by somebody faster. */
export async function insertIdentity(
  trx: Transaction<Tables>,
  { id, type, name, publicKeys }: NewIdentity & { readonly id: string },
): Promise<Identity> {
  const row: IdentityRow = {
    id,
    type,
    name: name ?? null,
    created_at: new Date().toISOString(),
    revoked_at: null,
  };
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto("identities")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows !== 1n) {
    throw new NovacoreError("conflict", `There is an identity ${id} already, with another key.`);
  }
  await insertKeys(trx, id, publicKeys, row.created_at);
  return toIdentity(row);
}

/** Puts other keys in the place of all that an identity has. */
export async function replaceKeys(
  trx: Transaction<Tables>,
  id: string,
  publicKeys: readonly string[],
): Promise<void> {
  await trx.deleteFrom("identity_keys").where("identity_id", "=", id).execute();
  await insertKeys(trx, id, publicKeys);
}

async function insertKeys(
  trx: Transaction<Tables>,
  id: string,
  publicKeys: readonly string[],
  created_at = new Date().toISOString(),
): Promise<void> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto("identity_keys")
    .values(publicKeys.map((public_key) => ({ public_key, identity_id: id, created_at })))
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows !== BigInt(publicKeys.length)) {
    throw new NovacoreError("conflict", "That key is in use already.");
  }
}

async function ownerOf(
  db: Kysely<Tables>,
  publicKeys: readonly string[],
): Promise<Identity | undefined> {
  const row = await db
    .selectFrom("identities")
    .innerJoin("identity_keys", "identity_keys.identity_id", "identities.id")
    .selectAll("identities")
    .where("identity_keys.public_key", "in", publicKeys)
    .executeTakeFirst();
  return row && toIdentity(row);
}

/** Takes the row's lock: an update that changes nothing is the form that both databases know. */
async function lockIdentity(trx: Transaction<Tables>, id: string): Promise<void> {
  const { numUpdatedRows } = await trx
    .updateTable("identities")
    .set({ id })
    .where("id", "=", id)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new NovacoreError("not_found");
}

function toIdentity(row: IdentityRow): Identity {
  return {
    id: row.id,
    type: row.type,
    name: row.name,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}
