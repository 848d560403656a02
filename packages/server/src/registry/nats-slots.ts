import { NovacoreError } from "@novacore/protocol";
import type { Kysely, Transaction } from "kysely";
import { limits } from "../limits.ts";
import type { Tables } from "./tables.ts";

/** Which account of nats-server (`EXT_{slot}`) the back ends of an organization log in to. */
export class NatsSlots {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  /** Undefined: the organization has never had an integration. */
  async slotOf(orgId: string): Promise<number | undefined> {
    return readSlot(this.#db, orgId);
  }
}

/**
 * The organization's slot, or the lowest free one, kept until the organization is deleted. The
 * caller holds the organization's lock. Throws `nats_slots_exhausted`.
 */
export async function takeSlot(trx: Transaction<Tables>, orgId: string): Promise<number> {
  const held = await readSlot(trx, orgId);
  if (held !== undefined) return held;
  const rows = await trx.selectFrom("nats_slots").select("slot").execute();
  const taken = new Set(rows.map(({ slot }) => slot));
  for (let slot = 0; slot < limits.externalAccounts; slot++) {
    if (taken.has(slot)) continue;
    // Another organization may take it between the look and this; then the next one is tried.
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto("nats_slots")
      .values({ slot, org_id: orgId })
      .onConflict((conflict) => conflict.column("slot").doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows === 1n) return slot;
  }
  throw new NovacoreError("nats_slots_exhausted");
}

async function readSlot(db: Kysely<Tables>, orgId: string): Promise<number | undefined> {
  const row = await db
    .selectFrom("nats_slots")
    .select("slot")
    .where("org_id", "=", orgId)
    .executeTakeFirst();
  return row?.slot;
}
