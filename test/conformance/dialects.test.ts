import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { dialectRows } from "./dialect-rows.ts";
import { type Uplink, waysIn } from "./ways-in.ts";
import { type Ear, waysOut } from "./ways-out.ts";

let hub: TestHub;
let home: Home;
/** Each reading of the run gets an instant of its own, so that none is another's duplicate. */
let nextTimeMs = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

for (const way of waysIn) {
  for (const out of waysOut) {
    describe(`${way.name} in, ${out.name} out`, () => {
      const uplinks = new Map<string, Uplink>();
      let ear: Ear;
      before(async () => {
        ear = await out.open(home);
        for (const { gateway } of Object.values(home.ders)) {
          if (uplinks.has(gateway.serial)) continue;
          uplinks.set(gateway.serial, await way.open(hub, gateway));
        }
      });
      after(async () => {
        await ear?.close();
        for (const uplink of uplinks.values()) await uplink.close();
      });

      for (const row of dialectRows) {
        test(row.name, async () => {
          nextTimeMs += 1000;
          const timeMs = nextTimeMs + (row.wholeSeconds ? 0 : 7);
          const der = home.ders[row.der];
          const uplink = uplinks.get(der.gateway.serial);
          await uplink?.publish(der, JSON.stringify(row.sends(timeMs)));
          const reading: Record<string, unknown> = await ear.hears(der.derId, timeMs);
          for (const [member, value] of Object.entries(row.arrives)) {
            assert.deepEqual(reading[member], value, member);
          }
          for (const member of row.absent ?? []) assert.ok(!(member in reading), `no ${member}`);
          assert.equal(reading.org_id, home.orgId);
          assert.equal(reading.site_id, home.siteId);
          assert.ok(Math.abs(Number(reading.received_at) - Date.now()) < 600_000, "received_at");
        });
      }
    });
  }
}
