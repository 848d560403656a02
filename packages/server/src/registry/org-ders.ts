import type { ReadingType } from "@novacore/protocol";
import type { Kysely } from "kysely";
import { derTypes, deviceTypes, readingTypeFor } from "./device-types.ts";
import type { Tables } from "./tables.ts";

/** Where a DER stands, with what its subject is made of. */
export interface PlacedDer {
  readonly siteId: string;
  readonly deviceId: string;
  readonly derId: string;
}

export interface DerQuery {
  readonly orgId: string;
  /** undefined: every site of the organization. */
  readonly siteIds: readonly string[] | undefined;
  /** Types of their readings. */
  readonly types: readonly ReadingType[];
}

/** The DERs of an organization by what they report. */
export class OrgDers {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  /** The first `limit` of them by id. */
  async list(query: DerQuery, limit: number): Promise<PlacedDer[]> {
    const matching = this.#matching(query);
    if (matching === undefined) return [];
    const rows = await matching
      .select(["ders.id as der_id", "devices.id as device_id", "devices.site_id"])
      .orderBy("ders.id")
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      siteId: row.site_id,
      deviceId: row.device_id,
      derId: row.der_id,
    }));
  }

  async count(query: DerQuery): Promise<number> {
    const row = await this.#matching(query)
      ?.select((select) => select.fn.countAll().as("count"))
      .executeTakeFirst();
    return Number(row?.count ?? 0);
  }

  #matching({ orgId, siteIds, types }: DerQuery) {
    const kinds = deviceTypes.flatMap((device) => {
      const ders = derTypes.filter((der) => {
        const type = readingTypeFor(device, der);
        return type !== undefined && types.includes(type);
      });
      return ders.length === 0 ? [] : [{ device, ders }];
    });
    if (kinds.length === 0 || siteIds?.length === 0) return undefined;
    const query = this.#db
      .selectFrom("ders")
      .innerJoin("devices", "devices.id", "ders.device_id")
      .innerJoin("sites", "sites.id", "devices.site_id")
      .where("sites.org_id", "=", orgId)
      .where((where) =>
        where.or(
          kinds.map(({ device, ders }) =>
            where.and([where("devices.type", "=", device), where("ders.type", "in", ders)]),
          ),
        ),
      );
    return siteIds === undefined ? query : query.where("sites.id", "in", siteIds);
  }
}
