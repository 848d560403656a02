import { NovacoreError } from "@novacore/protocol";
import type { Kysely, Selectable, Transaction } from "kysely";
import { limits } from "../limits.ts";
import type { ChangeFeed } from "./changes.ts";
import { insertIdentity, replaceKeys } from "./identities.ts";
import { newIdentityId } from "./ids.ts";
import { changeMember, insertMember, type Member, type MemberStore } from "./members.ts";
import { takeSlot } from "./nats-slots.ts";
import { lockOrganization } from "./organizations.ts";
import type { Page } from "./page.ts";
import type { IdentityRow, IntegrationRow, Tables } from "./tables.ts";

/** What a back end may do on NATS; more will come. */
export const integrationScopes = ["telemetry:read"] as const;
export type IntegrationScope = (typeof integrationScopes)[number];

/** A back end that an organization has given access to. */
export interface Integration {
  readonly identityId: string;
  readonly orgId: string;
  readonly name: string | null;
  readonly scopes: readonly IntegrationScope[];
  /**
   * The only sites that it sees; undefined: all of its organization. Empty also when it is no
   * member any more.
   */
  readonly siteIds: readonly string[] | undefined;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly revokedAt: string | null;
  /** Of its logins to NATS, about to the minute. */
  readonly lastSeenAt: string | null;
}

/** An integration without its membership. */
export type Approval = Pick<Integration, "orgId" | "scopes" | "revokedAt" | "lastSeenAt"> & {
  readonly slot: number | undefined;
};

export interface NewIntegration {
  readonly orgId: string;
  readonly name: string;
  /** Canonical forms; several only where one text can be read as several keys. */
  readonly publicKeys: readonly string[];
  readonly scopes: readonly IntegrationScope[];
  /** Undefined: all sites. */
  readonly siteIds: readonly string[] | undefined;
  readonly createdBy: string;
}

export interface IntegrationSettings {
  readonly name?: string | undefined;
  /** Null: all sites. */
  readonly siteIds?: readonly string[] | null | undefined;
}

/**
 * Identities of type `integration` that were approved by an organization: each works for one, as a
 * viewer of it, so that one table of grants decides for every transport.
 */
export class IntegrationStore {
  readonly #db: Kysely<Tables>;
  readonly #changes: ChangeFeed;
  readonly #members: Pick<MemberStore, "get">;

  constructor(db: Kysely<Tables>, changes: ChangeFeed, members: Pick<MemberStore, "get">) {
    this.#db = db;
    this.#changes = changes;
    this.#members = members;
  }

  /**
   * Throws `conflict` when the key is somebody's, the name another one's of the organization, or it
   * has `limits.integrationsPerOrgMax` already,
   * `validation_failed` for a site of another organization, `nats_slots_exhausted`.
   */
  async create(integration: NewIntegration): Promise<Integration> {
    const { orgId, name, publicKeys, scopes, siteIds, createdBy } = integration;
    const id = newIdentityId();
    await this.#db.transaction().execute(async (trx) => {
      await lockOrganization(trx, orgId);
      await assertNameFree(trx, orgId, name);
      await assertRoom(trx, orgId);
      await takeSlot(trx, orgId);
      await insertIdentity(trx, { id, type: "integration", name, publicKeys });
      await insertMember(trx, orgId, id, { role: "viewer", siteIds });
      await trx
        .insertInto("integrations")
        .values({
          identity_id: id,
          org_id: orgId,
          scopes: JSON.stringify(scopes),
          created_by: createdBy,
          last_seen_at: null,
        })
        .execute();
    });
    // Not its membership as well: that would cut off who has just come in.
    this.#changes.emit("identity", [id]);
    const created = await this.get(id);
    if (created === undefined) throw new NovacoreError("not_found");
    return created;
  }

  /** Also a revoked one. */
  async get(identityId: string): Promise<Integration | undefined> {
    const row = await this.#rows().where("identity_id", "=", identityId).executeTakeFirst();
    return row && this.#read(row);
  }

  /**
   * What a login needs to know before its grants are asked, in one query: `slot` is that of the
   * organization's account on NATS.
   */
  async approval(identityId: string): Promise<Approval | undefined> {
    const row = await this.#rows()
      .leftJoin("nats_slots", "nats_slots.org_id", "integrations.org_id")
      .select("nats_slots.slot")
      .where("identity_id", "=", identityId)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return {
      orgId: row.org_id,
      scopes: readScopes(row.scopes),
      revokedAt: row.revoked_at,
      lastSeenAt: row.last_seen_at,
      slot: row.slot ?? undefined,
    };
  }

  /** Those of an organization that are not revoked. */
  async list(orgId: string, page: Page): Promise<Integration[]> {
    let query = this.#rows().where("org_id", "=", orgId).where("revoked_at", "is", null);
    if (page.after !== undefined) query = query.where("identity_id", ">", page.after);
    const rows = await query.orderBy("identity_id").limit(page.limit).execute();
    return Promise.all(rows.map((row) => this.#read(row)));
  }

  /**
   * Changes what is given. Throws `conflict` when the name is another one's of the organization,
   * `validation_failed` for a site of another organization, or `not_found` once revoked.
   */
  async update(
    { orgId, identityId }: Pick<Integration, "orgId" | "identityId">,
    { name, siteIds }: IntegrationSettings,
  ): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await lockOrganization(trx, orgId);
      await lockUnrevoked(trx, identityId);
      if (name !== undefined) {
        await assertNameFree(trx, orgId, name, identityId);
        await trx.updateTable("identities").set({ name }).where("id", "=", identityId).execute();
      }
      if (siteIds !== undefined) {
        const settings = { role: "viewer", siteIds: siteIds ?? undefined } as const;
        // One that was removed as a member sees what it is given now.
        const isMember = await changeMember(trx, orgId, identityId, settings);
        if (!isMember) await insertMember(trx, orgId, identityId, settings);
      }
    });
    if (name !== undefined) this.#changes.emit("identity", [identityId]);
    if (siteIds !== undefined) this.#changes.emit("member", [identityId]);
  }

  /** Another key in the place of all that it has. Throws `conflict`, or `not_found` once revoked. */
  async rotateKey(identityId: string, publicKeys: readonly string[]): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await lockUnrevoked(trx, identityId);
      await replaceKeys(trx, identityId, publicKeys);
    });
    this.#changes.emit("identity", [identityId]);
    this.#changes.emit("keys", [identityId]);
  }

  /** Ends it for good, and its membership with it. */
  async revoke(identityId: string): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await trx
        .updateTable("identities")
        .set({ revoked_at: new Date().toISOString() })
        .where("id", "=", identityId)
        .where("revoked_at", "is", null)
        .execute();
      await trx.deleteFrom("members").where("identity_id", "=", identityId).execute();
    });
    this.#changes.emit("identity", [identityId]);
    this.#changes.emit("member", [identityId]);
  }

  /** Notes a login; at most once in `limits.lastSeenMs`, so that a storm of them writes little. */
  async seen(identityId: string, now: string, unlessSince: string): Promise<void> {
    await this.#db
      .updateTable("integrations")
      .set({ last_seen_at: now })
      .where("identity_id", "=", identityId)
      .where((where) =>
        where.or([where("last_seen_at", "is", null), where("last_seen_at", "<", unlessSince)]),
      )
      .execute();
  }

  #rows() {
    return this.#db
      .selectFrom("integrations")
      .innerJoin("identities", "identities.id", "integrations.identity_id")
      .selectAll("integrations")
      .select(["identities.name", "identities.created_at", "identities.revoked_at"]);
  }

  async #read(row: JoinedRow): Promise<Integration> {
    return toIntegration(row, await this.#members.get(row.org_id, row.identity_id));
  }
}

/** Takes the row's lock: an update that changes nothing is the form that both databases know. */
async function lockUnrevoked(trx: Transaction<Tables>, identityId: string): Promise<void> {
  const { numUpdatedRows } = await trx
    .updateTable("identities")
    .set({ id: identityId })
    .where("id", "=", identityId)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new NovacoreError("not_found");
}

/**
 * The caller holds the organization's lock. Two of one name could not be told apart by whoever wants
 * to revoke one; a revoked one's name is free again.
 */
async function assertNameFree(
  trx: Transaction<Tables>,
  orgId: string,
  name: string,
  exceptId?: string,
): Promise<void> {
  const holder = await trx
    .selectFrom("integrations")
    .innerJoin("identities", "identities.id", "integrations.identity_id")
    .select("identities.id")
    .where("integrations.org_id", "=", orgId)
    .where("identities.name", "=", name)
    .where("identities.revoked_at", "is", null)
    .executeTakeFirst();
  if (holder === undefined || holder.id === exceptId) return;
  const sentence =
    `The organization has an integration named ${JSON.stringify(name)} already, ${holder.id}; ` +
    "choose another name, or revoke that one first.";
  throw new NovacoreError("conflict", sentence);
}

/** The caller holds the organization's lock. */
async function assertRoom(trx: Transaction<Tables>, orgId: string): Promise<void> {
  const { count } = await trx
    .selectFrom("integrations")
    .innerJoin("identities", "identities.id", "integrations.identity_id")
    .select((select) => select.fn.countAll().as("count"))
    .where("integrations.org_id", "=", orgId)
    .where("identities.revoked_at", "is", null)
    .executeTakeFirstOrThrow();
  if (Number(count) < limits.integrationsPerOrgMax) return;
  const sentence = `The organization has ${count} integrations, the most allowed; revoke one first.`;
  throw new NovacoreError("conflict", sentence);
}

type JoinedRow = Selectable<IntegrationRow> &
  Pick<IdentityRow, "name" | "created_at" | "revoked_at">;

function toIntegration(row: JoinedRow, member: Member | undefined): Integration {
  return {
    identityId: row.identity_id,
    orgId: row.org_id,
    name: row.name,
    scopes: readScopes(row.scopes),
    siteIds: member === undefined ? [] : member.siteIds,
    createdBy: row.created_by,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
    lastSeenAt: row.last_seen_at,
  };
}

/** A scope that this version does not know gives nothing. */
function readScopes(text: string): IntegrationScope[] {
  const named: unknown = JSON.parse(text);
  return integrationScopes.filter((scope) => Array.isArray(named) && named.includes(scope));
}
