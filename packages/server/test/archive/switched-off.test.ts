import assert from "node:assert/strict";
import { test } from "node:test";
import { createApi, createHome } from "../../../../test/support/home.ts";
import { startHub } from "../../../../test/support/hub.ts";

test("a hub without an archive refuses what only an archive would keep, and keeps the rest", async (t) => {
  const hub = await startHub({ NOVACORE_ARCHIVE: "off" });
  t.after(() => hub.close());
  const home = await createHome(hub);
  const { gateway, hardwareId, der } = home.ders.meter;
  const upload = createApi(hub.url, gateway.loginJwt());
  const [old, now] = [Date.now() - 30 * 86_400_000, Date.now()];
  const { results } = await upload(
    "POST",
    `/gateways/${gateway.serial}/telemetry`,
    [old, now].map((timestamp) => ({
      ...{ hardware_id: hardwareId, der, type: "meter", timestamp, W: 5 },
    })),
  );
  assert.deepEqual(
    results.map(({ status }: { status: string }) => status),
    ["rejected", "stored"],
  );
  assert.equal(results[0].error, "reading_too_old");
  assert.match(results[0].message, /NOVACORE_ARCHIVE is off/);
});
