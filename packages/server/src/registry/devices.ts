import { NovacoreError } from "@novacore/protocol";
import type { Kysely, Transaction } from "kysely";
import type { ChangeFeed } from "./changes.ts";
import { type Der, insertDers, type NewDer, toDer } from "./ders.ts";
import { toColumns, toDevice } from "./device-rows.ts";
import type { DeviceType } from "./device-types.ts";
import type { DeviceState } from "./gateway-tree.ts";
import { newId } from "./ids.ts";
import type { Page } from "./page.ts";
import type { DeviceRow, Tables } from "./tables.ts";

export interface Device {
  readonly id: string;
  readonly orgId: string;
  readonly siteId: string;
  readonly gatewaySerial: string;
  readonly hardwareId: string;
  readonly name: string | null;
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly type: DeviceType;
  readonly state: DeviceState;
  readonly createdAt: string;
  /** When it came to its site from another one; null: it was never moved. */
  readonly movedAt: string | null;
  readonly ders: readonly Der[];
}

export interface DeviceSettings {
  readonly siteId?: string | undefined;
  readonly name?: string | undefined;
  readonly manufacturer?: string | undefined;
  readonly model?: string | undefined;
}

export interface NewDevice extends DeviceSettings {
  readonly orgId: string;
  readonly siteId: string;
  readonly gatewaySerial: string;
  readonly hardwareId: string;
  readonly type: DeviceType;
  readonly ders: readonly NewDer[];
}

/** Devices behind gateways, with their DERs. */
export class DeviceStore {
  readonly #db: Kysely<Tables>;
  readonly #changes: ChangeFeed;

  constructor(db: Kysely<Tables>, changes: ChangeFeed) {
    this.#db = db;
    this.#changes = changes;
  }

  /**
   * Makes a device known, or completes the one that its gateway has under this hardware_id already
   * (`created: false`: same ids, new DERs and settings added). An orphan of the same organization
   * comes back with its ids. Throws `not_found` when gateway or site are not the organization's,
   * `conflict` when the device or a DER is known as another type.
   */
  async provision(device: NewDevice): Promise<{ device: Device; created: boolean }> {
    const { id, created } = await this.#db.transaction().execute(async (trx) => {
      await lockPlace(trx, device);
      const known = await findKnown(trx, device);
      const id = known?.id ?? newId("dev");
      if (known === undefined) await insertDevice(trx, id, device);
      else await completeDevice(trx, known, device);
      await insertDers(trx, { id, type: device.type }, device.ders);
      return { id, created: known === undefined };
    });
    this.#changes.emit("gateway", [device.gatewaySerial]);
    const [stored] = await this.#read((query) => query.where("devices.id", "=", id));
    if (stored === undefined) throw new NovacoreError("not_found");
    return { device: stored, created };
  }

  async get(id: string): Promise<Device | undefined> {
    const [device] = await this.#read((query) => query.where("devices.id", "=", id));
    return device;
  }

  async list(siteId: string, page: Page): Promise<Device[]> {
    return this.#read((query) => {
      const atSite = query.where("devices.site_id", "=", siteId);
      const rest = page.after === undefined ? atSite : atSite.where("devices.id", ">", page.after);
      return rest.limit(page.limit);
    });
  }

  /** On all sites of an organization, or on some of them. */
  async listOfOrg(orgId: string, siteIds: readonly string[] | "all", page: Page) {
    if (siteIds !== "all" && siteIds.length === 0) return [];
    return this.#read((query) => {
      const ofOrg = query.where("sites.org_id", "=", orgId);
      const seen = siteIds === "all" ? ofOrg : ofOrg.where("devices.site_id", "in", siteIds);
      const rest = page.after === undefined ? seen : seen.where("devices.id", ">", page.after);
      return rest.limit(page.limit);
    });
  }

  /** Of a gateway's present claim. */
  async listBehind(gatewaySerial: string): Promise<Device[]> {
    return this.#read((query) =>
      query
        .where("devices.gateway_serial", "=", gatewaySerial)
        .where("devices.state", "<>", "orphaned"),
    );
  }

  /** Changes what is given. Throws `not_found`, also for a site of another organization. */
  async update(id: string, settings: DeviceSettings): Promise<Device> {
    const device = await this.get(id);
    if (device === undefined) throw new NovacoreError("not_found");
    await this.#db.transaction().execute(async (trx) => {
      if (settings.siteId !== undefined) await lockSite(trx, device.orgId, settings.siteId);
      const columns = toColumns(device, settings);
      await trx.updateTable("devices").set(columns).where("id", "=", id).execute();
    });
    this.#changes.emit("gateway", [device.gatewaySerial]);
    return (await this.get(id)) ?? device;
  }

  async remove(id: string): Promise<void> {
    const row = await this.#db
      .deleteFrom("devices")
      .where("id", "=", id)
      .returning("gateway_serial")
      .executeTakeFirst();
    if (row !== undefined) this.#changes.emit("gateway", [row.gateway_serial]);
  }

  /** pending → active, at the first reading; anything else stays as it is. */
  async activate(id: string): Promise<void> {
    const row = await this.#db
      .updateTable("devices")
      .set({ state: "active" })
      .where("id", "=", id)
      .where("state", "=", "pending")
      .returning("gateway_serial")
      .executeTakeFirst();
    if (row !== undefined) this.#changes.emit("gateway", [row.gateway_serial]);
  }

  /** Adds a DER; the same name and type again is the same DER (`created: false`). */
  async addDer(id: string, der: NewDer): Promise<{ der: Der; created: boolean }> {
    const added = await this.#db.transaction().execute(async (trx) => {
      const row = await trx
        .updateTable("devices")
        .set({ id })
        .where("id", "=", id)
        .returning(["type", "gateway_serial"])
        .executeTakeFirst();
      if (row === undefined) throw new NovacoreError("not_found");
      const [outcome] = await insertDers(trx, { id, type: row.type }, [der]);
      if (outcome === undefined) throw new NovacoreError("not_found");
      return { ...outcome, serial: row.gateway_serial };
    });
    if (added.created) this.#changes.emit("gateway", [added.serial]);
    return { der: added.der, created: added.created };
  }

  async getDer(id: string): Promise<Der | undefined> {
    const row = await this.#db
      .selectFrom("ders")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst();
    return row && toDer(row);
  }

  async #read(narrow: (query: DeviceQuery) => DeviceQuery): Promise<Device[]> {
    const rows = await narrow(selectDevices(this.#db)).orderBy("devices.id").execute();
    if (rows.length === 0) return [];
    const ders = await this.#db
      .selectFrom("ders")
      .selectAll()
      .where(
        "device_id",
        "in",
        rows.map((row) => row.id),
      )
      .orderBy("id")
      .execute();
    const dersOf = Map.groupBy(ders, (der) => der.device_id);
    return rows.map((row) => ({ ...toDevice(row), ders: (dersOf.get(row.id) ?? []).map(toDer) }));
  }
}

type DeviceQuery = ReturnType<typeof selectDevices>;

function selectDevices(db: Kysely<Tables>) {
  return db
    .selectFrom("devices")
    .innerJoin("sites", "sites.id", "devices.site_id")
    .selectAll("devices")
    .select("sites.org_id");
}

/** Gateway and site in turn: provisioning of one gateway is one after the other, so never twice. */
async function lockPlace(trx: Transaction<Tables>, device: NewDevice): Promise<void> {
  const serial = device.gatewaySerial;
  const gateway = await trx
    .updateTable("gateways")
    .set({ serial })
    .where("serial", "=", serial)
    .returning("org_id")
    .executeTakeFirst();
  if (gateway?.org_id !== device.orgId) throw new NovacoreError("not_found");
  await lockSite(trx, device.orgId, device.siteId);
}

async function lockSite(trx: Transaction<Tables>, orgId: string, id: string): Promise<void> {
  const site = await trx
    .updateTable("sites")
    .set({ id })
    .where("id", "=", id)
    .returning("org_id")
    .executeTakeFirst();
  if (site?.org_id === orgId) return;
  const message = `The organization has no site ${id}.`;
  throw new NovacoreError("not_found", message, { details: [{ path: "/site_id", message }] });
}

/** The device in use, else the organization's own newest orphan. */
async function findKnown(
  trx: Transaction<Tables>,
  device: NewDevice,
): Promise<DeviceRow | undefined> {
  const rows = await trx
    .selectFrom("devices")
    .innerJoin("sites", "sites.id", "devices.site_id")
    .selectAll("devices")
    .where("gateway_serial", "=", device.gatewaySerial)
    .where("hardware_id", "=", device.hardwareId)
    .where("sites.org_id", "=", device.orgId)
    .orderBy("devices.id", "desc")
    .execute();
  const inUse = rows.find((row) => row.state !== "orphaned");
  return inUse ?? rows.find((row) => row.type === device.type);
}

async function insertDevice(trx: Transaction<Tables>, id: string, device: NewDevice) {
  await trx
    .insertInto("devices")
    .values({
      id,
      gateway_serial: device.gatewaySerial,
      site_id: device.siteId,
      hardware_id: device.hardwareId,
      name: device.name ?? null,
      manufacturer: device.manufacturer ?? null,
      model: device.model ?? null,
      type: device.type,
      state: "pending",
      created_at: new Date().toISOString(),
      moved_at: null,
    })
    .execute();
}

async function completeDevice(trx: Transaction<Tables>, known: DeviceRow, device: NewDevice) {
  if (known.type !== device.type) {
    const sentence = `Device ${known.id} is of type ${known.type}; delete it to make it another.`;
    throw new NovacoreError("conflict", sentence);
  }
  await trx
    .updateTable("devices")
    .set({
      ...toColumns({ id: known.id, siteId: known.site_id }, device),
      state: known.state === "orphaned" ? "pending" : known.state,
    })
    .where("id", "=", known.id)
    .execute();
}
