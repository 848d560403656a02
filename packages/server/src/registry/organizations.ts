import { NovacoreError } from "@novacore/protocol";
import type { Kysely, Transaction } from "kysely";
import type { ChangeFeed } from "./changes.ts";
import { newId } from "./ids.ts";
import type { Page } from "./page.ts";
import type { OrganizationRow, Tables } from "./tables.ts";

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  /** Days that its readings are kept; null: for ever. */
  readonly retentionDays: number | null;
  readonly createdAt: string;
}

/** The isolation boundary: everything but identities belongs to one organization. */
export class OrganizationStore {
  readonly #db: Kysely<Tables>;
  readonly #changes: ChangeFeed;

  constructor(db: Kysely<Tables>, changes: ChangeFeed) {
    this.#db = db;
    this.#changes = changes;
  }

  /** Creates an organization with its first member, the owner. */
  async create({ name, ownerId }: { name: string; ownerId: string }): Promise<Organization> {
    const created_at = new Date().toISOString();
    const row: OrganizationRow = {
      ...{ id: newId("org"), name, owner_id: ownerId, created_at },
      retention_days: null,
    };
    await this.#db.transaction().execute(async (trx) => {
      await trx.insertInto("organizations").values(row).execute();
      await insertOwner(trx, row.id, ownerId);
    });
    this.#changes.emit("member", [ownerId]);
    return toOrganization(row);
  }

  async get(id: string): Promise<Organization | undefined> {
    const row = await this.#db
      .selectFrom("organizations")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst();
    return row && toOrganization(row);
  }

  /** The organizations that an identity is a member of; of everybody for `"anyone"`. */
  async list(memberId: string | "anyone", page: Page): Promise<Organization[]> {
    let query = this.#db.selectFrom("organizations").selectAll("organizations");
    if (memberId !== "anyone") {
      query = query
        .innerJoin("members", "members.org_id", "organizations.id")
        .where("members.identity_id", "=", memberId);
    }
    if (page.after !== undefined) query = query.where("organizations.id", ">", page.after);
    const rows = await query.orderBy("organizations.id").limit(page.limit).execute();
    return rows.map(toOrganization);
  }

  /** Days that each organization keeps its readings; null: for ever. */
  async retentions(): Promise<ReadonlyMap<string, number | null>> {
    const rows = await this.#db
      .selectFrom("organizations")
      .select(["id", "retention_days"])
      .execute();
    return new Map(rows.map((row) => [row.id, row.retention_days]));
  }

  async setRetention(id: string, retention_days: number | null): Promise<void> {
    await this.#db
      .updateTable("organizations")
      .set({ retention_days })
      .where("id", "=", id)
      .execute();
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#db.updateTable("organizations").set({ name }).where("id", "=", id).execute();
  }

  /** Hands an organization over: the new owner joins if need be, the former one stays as admin. */
  async transfer(id: string, ownerId: string): Promise<void> {
    const formerId = await this.#db.transaction().execute(async (trx) => {
      const { owner_id: formerId } = await lockOrganization(trx, id);
      if (formerId === ownerId) return formerId;
      await trx
        .updateTable("members")
        .set({ role: "admin" })
        .where("org_id", "=", id)
        .where("identity_id", "=", formerId)
        .execute();
      await insertOwner(trx, id, ownerId);
      await trx
        .updateTable("organizations")
        .set({ owner_id: ownerId })
        .where("id", "=", id)
        .execute();
      return formerId;
    });
    this.#changes.emit("member", [formerId, ownerId]);
  }

  /**
   * Deletes an organization with its members, integrations and sites. Throws `conflict` while it has
   * gateways or devices in use: their readings would have nowhere to go, so they are released by
   * hand first.
   */
  async remove(id: string): Promise<void> {
    const { memberIds, integrationIds } = await this.#db.transaction().execute(async (trx) => {
      await lockOrganization(trx, id);
      await assertUnused(trx, id);
      const members = await trx
        .selectFrom("members")
        .select("identity_id")
        .where("org_id", "=", id)
        .execute();
      const integrationIds = await revokeIntegrations(trx, id);
      await trx.deleteFrom("organizations").where("id", "=", id).execute();
      return { memberIds: members.map((member) => member.identity_id), integrationIds };
    });
    this.#changes.emit("identity", integrationIds);
    this.#changes.emit("member", memberIds);
  }
}

/** Locks the row, so that changes of its members and owner come one after the other. */
export async function lockOrganization(
  trx: Transaction<Tables>,
  id: string,
): Promise<OrganizationRow> {
  const row = await trx
    .updateTable("organizations")
    .set({ id })
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw new NovacoreError("not_found");
  return row;
}

async function insertOwner(trx: Transaction<Tables>, orgId: string, ownerId: string) {
  await trx
    .insertInto("members")
    .values({
      org_id: orgId,
      identity_id: ownerId,
      role: "owner",
      site_limited: 0,
      created_at: new Date().toISOString(),
    })
    .onConflict((conflict) =>
      conflict.columns(["org_id", "identity_id"]).doUpdateSet({ role: "owner", site_limited: 0 }),
    )
    .execute();
}

async function assertUnused(trx: Transaction<Tables>, id: string): Promise<void> {
  const gateway = await trx
    .selectFrom("gateways")
    .select("serial")
    .where("org_id", "=", id)
    .executeTakeFirst();
  if (gateway !== undefined) {
    const sentence = `The organization has gateway ${gateway.serial}; release its gateways first.`;
    throw new NovacoreError("conflict", sentence);
  }
}

/** An integration works for one organization, and ends with it. */
async function revokeIntegrations(trx: Transaction<Tables>, orgId: string): Promise<string[]> {
  const ended = await trx
    .updateTable("identities")
    .set({ revoked_at: new Date().toISOString() })
    .where("revoked_at", "is", null)
    .where("id", "in", (query) =>
      query.selectFrom("integrations").select("identity_id").where("org_id", "=", orgId),
    )
    .returning("id")
    .execute();
  return ended.map(({ id }) => id);
}

function toOrganization(row: OrganizationRow): Organization {
  return {
    ...{ id: row.id, name: row.name, ownerId: row.owner_id, createdAt: row.created_at },
    retentionDays: row.retention_days,
  };
}
