import { NovacoreError } from "@novacore/protocol";
import type { Kysely, Transaction } from "kysely";
import type { ChangeFeed } from "./changes.ts";
import { lockOrganization } from "./organizations.ts";
import type { Page } from "./page.ts";
import type { MemberRow, Tables } from "./tables.ts";

export const roles = ["owner", "admin", "operator", "viewer"] as const;
export type Role = (typeof roles)[number];

export interface Member {
  readonly orgId: string;
  readonly identityId: string;
  readonly role: Role;
  /** The only sites that this member sees; undefined: all of them. */
  readonly siteIds: readonly string[] | undefined;
  readonly createdAt: string;
}

export interface MemberSettings {
  readonly role: Role;
  /** Only for operators and viewers; undefined: all sites. */
  readonly siteIds: readonly string[] | undefined;
}

/** Who belongs to an organization, and as what. An organization always keeps an owner. */
export class MemberStore {
  readonly #db: Kysely<Tables>;
  readonly #changes: ChangeFeed;

  constructor(db: Kysely<Tables>, changes: ChangeFeed) {
    this.#db = db;
    this.#changes = changes;
  }

  async get(orgId: string, identityId: string): Promise<Member | undefined> {
    const row = await this.#db
      .selectFrom("members")
      .selectAll()
      .where("org_id", "=", orgId)
      .where("identity_id", "=", identityId)
      .executeTakeFirst();
    return row && (await withSites(this.#db, [row]))[0];
  }

  async list(orgId: string, page: Page): Promise<Member[]> {
    let query = this.#db.selectFrom("members").selectAll().where("org_id", "=", orgId);
    if (page.after !== undefined) query = query.where("identity_id", ">", page.after);
    return withSites(this.#db, await query.orderBy("identity_id").limit(page.limit).execute());
  }

  /** Every membership of an identity. */
  async ofIdentity(identityId: string): Promise<Member[]> {
    const rows = await this.#db
      .selectFrom("members")
      .selectAll()
      .where("identity_id", "=", identityId)
      .orderBy("org_id")
      .execute();
    return withSites(this.#db, rows);
  }

  /** Throws `conflict` when the identity is a member already. */
  async add(orgId: string, identityId: string, settings: MemberSettings): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await lockOrganization(trx, orgId);
      await insertMember(trx, orgId, identityId, settings);
    });
    this.#changes.emit("member", [identityId]);
  }

  /** Throws `not_found`, or `conflict` where the organization would be left without an owner. */
  async update(orgId: string, identityId: string, settings: MemberSettings): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      if (settings.role !== "owner") await passOwnershipOn(trx, orgId, identityId);
      const isMember = await changeMember(trx, orgId, identityId, settings);
      if (!isMember) throw new NovacoreError("not_found");
    });
    this.#changes.emit("member", [identityId]);
  }

  /** Throws `not_found`, or `conflict` where the organization would be left without an owner. */
  async remove(orgId: string, identityId: string): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await passOwnershipOn(trx, orgId, identityId);
      const { numDeletedRows } = await trx
        .deleteFrom("members")
        .where("org_id", "=", orgId)
        .where("identity_id", "=", identityId)
        .executeTakeFirst();
      if (numDeletedRows === 0n) throw new NovacoreError("not_found");
    });
    this.#changes.emit("member", [identityId]);
  }
}

/** The caller holds the organization's lock. Throws `conflict` when the identity is a member already. */
export async function insertMember(
  trx: Transaction<Tables>,
  orgId: string,
  identityId: string,
  settings: MemberSettings,
): Promise<void> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto("members")
    .values({
      org_id: orgId,
      identity_id: identityId,
      role: settings.role,
      site_limited: settings.siteIds === undefined ? 0 : 1,
      created_at: new Date().toISOString(),
    })
    .onConflict((conflict) => conflict.columns(["org_id", "identity_id"]).doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows !== 1n) {
    throw new NovacoreError("conflict", `${identityId} is a member already; change its role.`);
  }
  await setSites(trx, orgId, identityId, settings);
}

/** The caller holds the organization's lock. False when the identity is no member. */
export async function changeMember(
  trx: Transaction<Tables>,
  orgId: string,
  identityId: string,
  settings: MemberSettings,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable("members")
    .set({ role: settings.role, site_limited: settings.siteIds === undefined ? 0 : 1 })
    .where("org_id", "=", orgId)
    .where("identity_id", "=", identityId)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await setSites(trx, orgId, identityId, settings);
  return true;
}

/** Before an owner goes: another one stands in the organization's record, or nobody goes. */
async function passOwnershipOn(trx: Transaction<Tables>, orgId: string, leavingId: string) {
  const organization = await lockOrganization(trx, orgId);
  if (organization.owner_id !== leavingId) return;
  const heir = await trx
    .selectFrom("members")
    .select("identity_id")
    .where("org_id", "=", orgId)
    .where("role", "=", "owner")
    .where("identity_id", "<>", leavingId)
    .orderBy("created_at")
    .executeTakeFirst();
  if (heir === undefined) {
    const sentence = `${leavingId} is the only owner; make another member owner first.`;
    throw new NovacoreError("conflict", sentence);
  }
  await trx
    .updateTable("organizations")
    .set({ owner_id: heir.identity_id })
    .where("id", "=", orgId)
    .execute();
}

async function setSites(
  trx: Transaction<Tables>,
  orgId: string,
  identityId: string,
  { siteIds = [] }: MemberSettings,
): Promise<void> {
  await trx
    .deleteFrom("member_sites")
    .where("org_id", "=", orgId)
    .where("identity_id", "=", identityId)
    .execute();
  if (siteIds.length === 0) return;
  const known = await trx
    .selectFrom("sites")
    .select("id")
    .where("org_id", "=", orgId)
    .where("id", "in", siteIds)
    .execute();
  const foreign = siteIds.find((id) => !known.some((site) => site.id === id));
  if (foreign !== undefined) {
    const message = `The organization has no site ${foreign}.`;
    throw new NovacoreError("validation_failed", message, {
      details: [{ path: "/site_ids", message }],
    });
  }
  await trx
    .insertInto("member_sites")
    .values(known.map(({ id }) => ({ org_id: orgId, identity_id: identityId, site_id: id })))
    .execute();
}

async function withSites(db: Kysely<Tables>, rows: readonly MemberRow[]): Promise<Member[]> {
  const limited = rows.filter((row) => row.site_limited === 1);
  const sites =
    limited.length === 0
      ? []
      : await db
          .selectFrom("member_sites")
          .selectAll()
          .where("identity_id", "in", [...new Set(limited.map((row) => row.identity_id))])
          .where("org_id", "in", [...new Set(limited.map((row) => row.org_id))])
          .orderBy("site_id")
          .execute();
  return rows.map((row) => ({
    orgId: row.org_id,
    identityId: row.identity_id,
    role: row.role,
    siteIds:
      row.site_limited === 0
        ? undefined
        : sites
            .filter((site) => site.org_id === row.org_id && site.identity_id === row.identity_id)
            .map((site) => site.site_id),
    createdAt: row.created_at,
  }));
}
