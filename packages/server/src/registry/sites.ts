import { NovacoreError } from "@novacore/protocol";
import type { Kysely } from "kysely";
import type { ChangeFeed } from "./changes.ts";
import { newId } from "./ids.ts";
import type { Page } from "./page.ts";
import type { SiteRow, Tables } from "./tables.ts";

export interface Site {
  readonly id: string;
  readonly orgId: string;
  readonly name: string;
  /** IANA name, as `Europe/Stockholm`. */
  readonly timezone: string | null;
  /** Degrees, + north. */
  readonly latitude: number | null;
  /** Degrees, + east. */
  readonly longitude: number | null;
  readonly createdAt: string;
}

export interface SiteSettings {
  readonly name?: string | undefined;
  readonly timezone?: string | null | undefined;
  readonly latitude?: number | null | undefined;
  readonly longitude?: number | null | undefined;
}

/** Whose sites: all of some organizations, and single ones beside; `"all"` for the platform. */
export type SiteScope =
  | "all"
  | { readonly orgIds: readonly string[]; readonly siteIds: readonly string[] };

/** Places where devices stand. */
export class SiteStore {
  readonly #db: Kysely<Tables>;
  readonly #changes: ChangeFeed;

  constructor(db: Kysely<Tables>, changes: ChangeFeed) {
    this.#db = db;
    this.#changes = changes;
  }

  async create(orgId: string, settings: SiteSettings & { readonly name: string }): Promise<Site> {
    const row: SiteRow = {
      id: newId("sit"),
      org_id: orgId,
      name: settings.name,
      timezone: settings.timezone ?? null,
      latitude: settings.latitude ?? null,
      longitude: settings.longitude ?? null,
      created_at: new Date().toISOString(),
    };
    await this.#db.insertInto("sites").values(row).execute();
    this.#changes.emit("site", [row.id]);
    return toSite(row);
  }

  async get(id: string): Promise<Site | undefined> {
    const row = await this.#db
      .selectFrom("sites")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst();
    return row && toSite(row);
  }

  async list(scope: SiteScope, page: Page): Promise<Site[]> {
    let query = this.#db.selectFrom("sites").selectAll();
    if (scope !== "all") {
      const { orgIds, siteIds } = scope;
      if (orgIds.length + siteIds.length === 0) return [];
      query = query.where((where) =>
        where.or([
          ...(orgIds.length > 0 ? [where("org_id", "in", orgIds)] : []),
          ...(siteIds.length > 0 ? [where("id", "in", siteIds)] : []),
        ]),
      );
    }
    if (page.after !== undefined) query = query.where("id", ">", page.after);
    return (await query.orderBy("id").limit(page.limit).execute()).map(toSite);
  }

  /** Changes what is given; null takes an optional value away. Throws `not_found`. */
  async update(id: string, settings: SiteSettings): Promise<Site> {
    const row = await this.#db
      .updateTable("sites")
      .set({ id, ...settings })
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw new NovacoreError("not_found");
    this.#changes.emit("site", [id]);
    return toSite(row);
  }

  /** Throws `conflict` while devices in use stand there; orphaned ones go with the site. */
  async remove(id: string): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await trx.updateTable("sites").set({ id }).where("id", "=", id).execute();
      const device = await trx
        .selectFrom("devices")
        .select("id")
        .where("site_id", "=", id)
        .where("state", "<>", "orphaned")
        .executeTakeFirst();
      if (device !== undefined) {
        const sentence = `Device ${device.id} stands at the site; move or delete its devices first.`;
        throw new NovacoreError("conflict", sentence);
      }
      await trx.deleteFrom("sites").where("id", "=", id).execute();
    });
    this.#changes.emit("site", [id]);
  }
}

function toSite(row: SiteRow): Site {
  return {
    id: row.id,
    orgId: row.org_id,
    name: row.name,
    timezone: row.timezone,
    latitude: row.latitude,
    longitude: row.longitude,
    createdAt: row.created_at,
  };
}
