import { NovacoreError } from "@novacore/protocol";
import type { Kysely, Transaction } from "kysely";
import type { ChangeFeed } from "./changes.ts";
import { type BatterySign, type GatewayTree, readGatewayTree } from "./gateway-tree.ts";
import { insertIdentity, replaceKeys } from "./identities.ts";
import type { Page } from "./page.ts";
import type { SiteScope } from "./sites.ts";
import type { GatewayRow, Tables } from "./tables.ts";

export interface Gateway {
  /** Also the id of its identity. */
  readonly serial: string;
  readonly orgId: string | undefined;
  readonly batterySign: BatterySign;
  /** Of the latest claim; undefined: never claimed. */
  readonly claimedAt: string | undefined;
  readonly createdAt: string;
}

export interface Claim {
  readonly serial: string;
  readonly orgId: string;
  /** The key that signed the claim, in canonical form. */
  readonly publicKey: string;
  readonly nonce: string;
  /** When the claim's timestamp makes it too old anyway, ISO-8601: the nonce is kept until then. */
  readonly nonceUntil: string;
}

/** Gateways, whose they are, and what is behind them. */
export class GatewayStore {
  readonly #db: Kysely<Tables>;
  readonly #changes: ChangeFeed;

  constructor(db: Kysely<Tables>, changes: ChangeFeed) {
    this.#db = db;
    this.#changes = changes;
  }

  /**
   * Gives a gateway to an organization. The first claim of an unknown serial creates its identity;
   * the same organization again changes nothing (`changed: false`); from another one it moves, and
   * its devices stay behind, orphaned. Throws `claim_replayed`, `signature_invalid` when the gateway
   * has another key on record, `identity_revoked`, `conflict` when the serial or key is another's.
   */
  async claim(claim: Claim): Promise<{ gateway: Gateway; changed: boolean }> {
    const outcome = await this.#db.transaction().execute(async (trx) => {
      await spendNonce(trx, claim);
      const before = await lockGateway(trx, claim);
      await proveKey(trx, claim, before);
      if (before.org_id === claim.orgId) return { gateway: toGateway(before), changed: false };
      await orphanDevices(trx, claim.serial);
      const after = await trx
        .updateTable("gateways")
        .set({ org_id: claim.orgId, claimed_at: new Date().toISOString() })
        .where("serial", "=", claim.serial)
        .returningAll()
        .executeTakeFirstOrThrow();
      return { gateway: toGateway(after), changed: true };
    });
    if (outcome.changed) {
      this.#changes.emit("identity", [claim.serial]);
      this.#changes.emit("gateway", [claim.serial]);
    }
    return outcome;
  }

  /** Takes a gateway from its organization; its devices stay behind, orphaned. Its key is kept. */
  async release(serial: string): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await trx
        .updateTable("gateways")
        .set({ org_id: null })
        .where("serial", "=", serial)
        .execute();
      await orphanDevices(trx, serial);
    });
    this.#changes.emit("gateway", [serial]);
  }

  async setBatterySign(serial: string, batterySign: BatterySign): Promise<void> {
    await this.#db
      .updateTable("gateways")
      .set({ battery_sign: batterySign })
      .where("serial", "=", serial)
      .execute();
    this.#changes.emit("gateway", [serial]);
  }

  async get(serial: string): Promise<Gateway | undefined> {
    const row = await this.#db
      .selectFrom("gateways")
      .selectAll()
      .where("serial", "=", serial)
      .executeTakeFirst();
    return row && toGateway(row);
  }

  /** A single site's gateways are those with a device there. */
  async list(scope: SiteScope, page: Page): Promise<Gateway[]> {
    let query = this.#db.selectFrom("gateways").selectAll();
    if (scope !== "all") {
      const { orgIds, siteIds } = scope;
      if (orgIds.length + siteIds.length === 0) return [];
      query = query.where((where) =>
        where.or([
          ...(orgIds.length > 0 ? [where("org_id", "in", orgIds)] : []),
          ...(siteIds.length > 0
            ? [
                where(
                  "serial",
                  "in",
                  where
                    .selectFrom("devices")
                    .select("gateway_serial")
                    .where("site_id", "in", siteIds)
                    .where("state", "<>", "orphaned"),
                ),
              ]
            : []),
        ]),
      );
    }
    if (page.after !== undefined) query = query.where("serial", ">", page.after);
    return (await query.orderBy("serial").limit(page.limit).execute()).map(toGateway);
  }

  /** The gateway with its devices and DERs; undefined when nobody has ever claimed it. */
  async tree(serial: string): Promise<GatewayTree | undefined> {
    return readGatewayTree(this.#db, serial);
  }
}

async function spendNonce(trx: Transaction<Tables>, claim: Claim): Promise<void> {
  const now = new Date().toISOString();
  await trx.deleteFrom("claim_nonces").where("expires_at", "<", now).execute();
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto("claim_nonces")
    .values({
      gateway_serial: claim.serial,
      nonce: claim.nonce,
      expires_at: claim.nonceUntil,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows !== 1n) throw new NovacoreError("claim_replayed");
}

/** The gateway's row, made with its identity if there is none, and locked until the commit. */
async function lockGateway(trx: Transaction<Tables>, claim: Claim): Promise<GatewayRow> {
  const { serial, publicKey } = claim;
  const identity = await trx
    .selectFrom("identities")
    .select(["type", "revoked_at"])
    .where("id", "=", serial)
    .executeTakeFirst();
  if (identity === undefined) {
    await takeOverKey(trx, publicKey);
    await insertIdentity(trx, { id: serial, type: "gateway", publicKeys: [publicKey] });
  } else if (identity.revoked_at !== null) {
    throw new NovacoreError("identity_revoked", `Gateway ${serial} has been revoked.`);
  } else if (identity.type !== "gateway" && identity.type !== "device") {
    throw new NovacoreError("conflict", `${serial} is no gateway.`);
  }
  await trx
    .insertInto("gateways")
    .values({
      serial,
      org_id: null,
      battery_sign: "canonical",
      claimed_at: null,
      created_at: new Date().toISOString(),
    })
    .onConflict((conflict) => conflict.column("serial").doNothing())
    .execute();
  return trx
    .updateTable("gateways")
    .set({ serial })
    .where("serial", "=", serial)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/**
 * A gateway that registered its key before it had a serial gets a new identity by its first claim,
 * and the nameless one, which was never good for anything, goes. So does one of any other type that
 * belongs nowhere: registering a key takes no proof, and gateways wear theirs on a label, so anybody
 * could keep a gateway from being claimed. The claim is signed with the key.
 */
async function takeOverKey(trx: Transaction<Tables>, publicKey: string): Promise<void> {
  await trx
    .deleteFrom("identities")
    .where("type", "not in", ["admin", "root"])
    .where("revoked_at", "is", null)
    .where("id", "in", (where) =>
      where
        .selectFrom("identity_keys")
        .select("identity_id")
        .where("public_key", "=", publicKey)
        .where("identity_id", "not in", where.selectFrom("gateways").select("serial"))
        .where("identity_id", "not in", where.selectFrom("members").select("identity_id")),
    )
    .execute();
}

/**
 * The claim must be signed with a key that the gateway has on record, or anybody could take a
 * gateway by its serial. The key of a serial that was only registered and never claimed gives way:
 * otherwise anybody could block a serial by registering it first. A device's never does, for its id
 * was made for its key.
 */
async function proveKey(
  trx: Transaction<Tables>,
  { serial, publicKey }: Claim,
  before: GatewayRow,
): Promise<void> {
  const keys = await trx
    .selectFrom("identity_keys")
    .innerJoin("identities", "identities.id", "identity_keys.identity_id")
    .select(["identity_keys.public_key", "identities.type"])
    .where("identities.id", "=", serial)
    .execute();
  if (keys.some((key) => key.public_key === publicKey)) return;
  if (before.claimed_at !== null || keys.some((key) => key.type !== "gateway")) {
    const sentence = `Gateway ${serial} has another key on record; sign the claim with that one.`;
    throw new NovacoreError("signature_invalid", sentence);
  }
  await takeOverKey(trx, publicKey);
  await replaceKeys(trx, serial, [publicKey]);
}

async function orphanDevices(trx: Transaction<Tables>, serial: string): Promise<void> {
  await trx
    .updateTable("devices")
    .set({ state: "orphaned" })
    .where("gateway_serial", "=", serial)
    .execute();
}

function toGateway(row: GatewayRow): Gateway {
  return {
    serial: row.serial,
    orgId: row.org_id ?? undefined,
    batterySign: row.battery_sign,
    claimedAt: row.claimed_at ?? undefined,
    createdAt: row.created_at,
  };
}
