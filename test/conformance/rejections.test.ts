import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ErrorCode } from "@novacore/protocol";
import {
  claimGateway,
  createOrganization,
  createPerson,
  createVirtualGateway,
  signUp,
} from "@novacore/simulator";
import { type Api, createApi, createHome, type Home, type HomeDer } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { waysIn } from "./ways-in.ts";

interface RejectionRow {
  readonly name: string;
  readonly code: ErrorCode;
  /** JSON pointer of the member at fault. */
  readonly path?: string;
  readonly payload: (timeMs: number) => string;
  /** Default: the meter of the home. */
  readonly der?: Partial<HomeDer>;
  /** Not JSON at all, so an upload cannot even carry it as one of its elements. */
  readonly rawOnly?: true;
  /** Uploads take it, for the archive. */
  readonly isArchived?: true;
}

const json = (reading: object) => JSON.stringify(reading);

const rows: readonly RejectionRow[] = [
  {
    name: "not JSON",
    code: "reading_malformed",
    payload: () => "{W: 1,",
    rawOnly: true,
  },
  { name: "an array", code: "reading_malformed", payload: () => "[1, 2]", rawOnly: true },
  { name: "nothing", code: "reading_malformed", payload: () => "", rawOnly: true },
  {
    name: "no timestamp",
    code: "timestamp_missing",
    payload: () => json({ type: "meter", W: 1 }),
  },
  {
    name: "a number as text",
    code: "reading_invalid",
    path: "/W",
    payload: (timestamp) => json({ type: "meter", timestamp, W: "1" }),
  },
  {
    name: "a frequency that no grid has",
    code: "reading_out_of_range",
    path: "/Hz",
    payload: (timestamp) => json({ type: "meter", timestamp, W: 1, Hz: 5000 }),
  },
  {
    name: "from the future",
    code: "reading_in_future",
    payload: () => json({ type: "meter", timestamp: Date.now() + 3_600_000, W: 1 }),
  },
  {
    name: "older than the stream",
    code: "reading_too_old",
    payload: () => json({ type: "meter", timestamp: Date.now() - 8 * 86_400_000, W: 1 }),
    isArchived: true,
  },
  {
    name: "older than the archive takes it",
    code: "reading_too_old",
    payload: () => json({ type: "meter", timestamp: Date.now() - 3_651 * 86_400_000, W: 1 }),
  },
  {
    name: "a type that does not exist",
    code: "type_unknown",
    payload: (timestamp) => json({ type: "toaster", timestamp, W: 1 }),
  },
  {
    name: "a type that is not the DER's",
    code: "reading_type_mismatch",
    payload: (timestamp) => json({ type: "battery", timestamp, W: 1 }),
  },
  {
    name: "a device that was never provisioned",
    code: "device_unknown",
    payload: (timestamp) => json({ type: "meter", timestamp, W: 1 }),
    der: { hardwareId: "ghost-1" },
  },
  {
    name: "a DER that the device does not have",
    code: "der_unknown",
    payload: (timestamp) => json({ type: "meter", timestamp, W: 1 }),
    der: { der: "cellar" },
  },
];

let hub: TestHub;
let home: Home;
let api: Api;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
  api = createApi(hub.url, home.token);
});
after(() => hub?.close());

for (const way of waysIn) {
  describe(`refused over ${way.name}`, () => {
    for (const row of rows) {
      const isUpload = /HTTP|batch|WebSocket/.test(way.name);
      if ((row.rawOnly || row.isArchived) && isUpload) continue;
      test(`${row.name}: ${row.code}`, async () => {
        const der = { ...home.ders.meter, ...row.der };
        const uplink = await way.open(hub, der.gateway);
        const mark = `${way.name} ${row.name}`;
        const payload = row.payload(Date.now()).replace(/}$/, `,"mark":${JSON.stringify(mark)}}`);
        const sent = uplink.publish(der, payload);
        if (isUpload) await assert.rejects(sent, new RegExp(row.code));
        else await sent;
        await uplink.close();
        const rejection = await findRejection(der.gateway.serial, (original) =>
          row.rawOnly ? original === payload : original.includes(JSON.stringify(mark)),
        );
        assert.equal(rejection.error, row.code);
        assert.ok(rejection.message.length > 10, "a sentence");
        if (row.path !== undefined) assert.equal(rejection.path, row.path);
      });
    }
  });
}

test("a reading of an orphaned device is refused, and flows again once it is provisioned", async () => {
  const gateway = createVirtualGateway();
  await claimGateway(home.session, { orgId: home.orgId, gateway });
  const device = {
    gateway_serial: gateway.serial,
    hardware_id: "m-1",
    device_type: "meter",
    ders: [{ name: "grid", type: "meter" }],
  };
  await api("POST", "/devices/provision", { ...device, site_id: home.siteId });

  const buyer = await signUp(hub.url, createPerson());
  const orgId = await createOrganization(buyer, "Buyer");
  await claimGateway(buyer, { orgId, gateway });
  const upload = createApi(hub.url, gateway.loginJwt());
  const send = (timestamp: number) =>
    upload("POST", `/gateways/${gateway.serial}/telemetry`, [
      { type: "meter", timestamp, W: 1, hardware_id: "m-1", der: "grid" },
    ]);
  const refused = await send(Date.now());
  assert.equal(refused.results[0].error, "device_orphaned");

  const buyerApi = createApi(hub.url, buyer.token);
  const site = await buyerApi("POST", "/sites", { org_id: orgId, name: "New home" });
  await buyerApi("POST", "/devices/provision", { ...device, site_id: site.id });
  assert.equal((await send(Date.now())).results[0].status, "stored");
});

test("the first reading after provisioning flows: a miss is not remembered", async () => {
  const uplink = await waysIn[2]?.open(hub, home.gateway);
  const der = { ...home.ders.meter, hardwareId: "late-1", der: "grid" };
  const mark = "before provisioning";
  await uplink?.publish(der, json({ type: "meter", timestamp: Date.now(), W: 1, mark }));
  await findRejection(home.gateway.serial, (original) => original.includes(mark));
  await api("POST", "/devices/provision", {
    gateway_serial: home.gateway.serial,
    hardware_id: "late-1",
    device_type: "meter",
    site_id: home.siteId,
    ders: [{ name: "grid", type: "meter" }],
  });
  const upload = createApi(hub.url, home.gateway.loginJwt());
  const answer = await upload("POST", `/gateways/${home.gateway.serial}/telemetry`, [
    { type: "meter", timestamp: Date.now(), W: 1, hardware_id: "late-1", der: "grid" },
  ]);
  assert.equal(answer.results[0].status, "stored");
  await uplink?.close();
});

test("rejections are seen by the organization that they concern, and by no other", async () => {
  const stranger = await signUp(hub.url, createPerson());
  await assert.rejects(
    createApi(hub.url, stranger.token)("GET", `/gateways/${home.gateway.serial}/rejections`),
    /404/,
  );
});

/** Rejections of fire-and-forget readings are recorded a moment later: asks until it is there. */
async function findRejection(serial: string, matches: (original: string) => boolean) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const list = await api("GET", `/gateways/${serial}/rejections?limit=500`);
    for (const rejection of list) {
      if (matches(Buffer.from(rejection.original, "base64").toString())) return rejection;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no rejection of ${serial} was recorded`);
}
