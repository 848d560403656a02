import { NovacoreError } from "@novacore/protocol";
import type { Transaction } from "kysely";
import { limits } from "../limits.ts";
import { assertDerAllowed, type DerType, type DeviceType } from "./device-types.ts";
import { newId } from "./ids.ts";
import type { DerRow, Tables } from "./tables.ts";

/** A distributed energy resource: one thing of a device that has readings of its own. */
export interface Der {
  readonly id: string;
  readonly deviceId: string;
  /** Unique on the device. */
  readonly name: string;
  /** As it was provisioned; its readings carry the canonical type. */
  readonly type: DerType;
  readonly createdAt: string;
}

export interface NewDer {
  readonly name: string;
  readonly type: DerType;
}

/**
 * Adds the DERs that a device does not have yet, and gives back all of them in the order asked.
 * The caller holds the device's or gateway's lock. Throws `der_type_not_allowed`, or `conflict`
 * when a name is known as another type or the device would have more than limits.dersPerDeviceMax.
 */
export async function insertDers(
  trx: Transaction<Tables>,
  device: { readonly id: string; readonly type: DeviceType },
  ders: readonly NewDer[],
): Promise<{ der: Der; created: boolean }[]> {
  const known = await trx
    .selectFrom("ders")
    .selectAll()
    .where("device_id", "=", device.id)
    .execute();
  const outcomes: { der: Der; created: boolean }[] = [];
  for (const [index, { name, type }] of ders.entries()) {
    assertDerAllowed(device.type, type, `/ders/${index}/type`);
    const same = known.find((row) => row.name === name);
    if (same !== undefined && same.type !== type) {
      throw new NovacoreError("conflict", `DER ${name} of the device is of type ${same.type}.`);
    }
    const row = same ?? {
      id: newId("der"),
      device_id: device.id,
      name,
      type,
      created_at: new Date().toISOString(),
    };
    if (same === undefined) {
      assertRoom(known.length, device.id, name);
      await trx.insertInto("ders").values(row).execute();
      known.push(row);
    }
    outcomes.push({ der: toDer(row), created: same === undefined });
  }
  return outcomes;
}

function assertRoom(count: number, deviceId: string, name: string): void {
  if (count < limits.dersPerDeviceMax) return;
  const sentence = `Device ${deviceId} has ${count} DERs, the most allowed, and so no room for ${name}.`;
  throw new NovacoreError("conflict", sentence);
}

export function toDer(row: DerRow): Der {
  return {
    id: row.id,
    deviceId: row.device_id,
    name: row.name,
    type: row.type,
    createdAt: row.created_at,
  };
}
