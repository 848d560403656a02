import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { EnrichedReading } from "@novacore/protocol";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { type DialectRow, dialectRows } from "./dialect-rows.ts";
import type { Ear } from "./ear.ts";
import { type Uplink, waysIn } from "./ways-in.ts";
import { waysOut } from "./ways-out.ts";

let hub: TestHub;
let home: Home;
/** Each reading of the run gets an instant of its own, so that none is another's duplicate. */
let nextTimeMs = Math.floor(Date.now() / 1000) * 1000 - 7_200_000;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

for (const out of waysOut) {
  describe(`${out.name} out`, { skip: out.skip ?? false }, () => {
    let ear: Ear;
    before(async () => {
      ear = await out.open(home);
    });
    after(() => ear?.close());

    for (const way of waysIn) {
      describe(`${way.name} in`, () => {
        const uplinks = new Map<string, Uplink>();
        before(async () => {
          for (const { gateway } of Object.values(home.ders)) {
            if (uplinks.has(gateway.serial)) continue;
            uplinks.set(gateway.serial, await way.open(hub, gateway));
          }
        });
        after(async () => {
          for (const uplink of uplinks.values()) await uplink.close();
        });

        for (const row of dialectRows) {
          test(row.name, async () => {
            nextTimeMs += 1000;
            const timeMs = nextTimeMs + (row.wholeSeconds ? 0 : 7);
            const der = home.ders[row.der];
            const uplink = uplinks.get(der.gateway.serial);
            await uplink?.publish(der, JSON.stringify(row.sends(timeMs)));
            assertArrived(await ear.hears(der.derId, timeMs), row);
          });
        }
      });
    }
  });
}

function assertArrived(heard: EnrichedReading, { arrives, absent = [] }: DialectRow): void {
  const reading: Record<string, unknown> = heard;
  for (const [member, value] of Object.entries(arrives)) {
    assert.deepEqual(reading[member], value, member);
  }
  for (const member of absent) assert.ok(!(member in reading), `no ${member}`);
  assert.equal(reading.org_id, home.orgId);
  assert.equal(reading.site_id, home.siteId);
  assert.ok(Math.abs(Number(reading.received_at) - Date.now()) < 600_000, "received_at");
}
