import assert from "node:assert/strict";
import { test } from "node:test";
import { startDay } from "./trouble/day.ts";
import { createTroubles } from "./trouble/troubles.ts";

/** Readings of each DER that are acknowledged while something is wrong, and before the next thing. */
const readings = 10;

/** Every transport on each network with every kind of stream. */
const clients = 48;

// It keeps both cores busy for most of a minute; beside other tests its gateways send again, out of order.
const skip =
  process.env.NOVACORE_TEST_SOAK === undefined &&
  "it wants the machine for itself: NOVACORE_TEST_SOAK=1 npm test -- test/faults/trouble.test.ts";

test("clients that go through every kind of trouble end with exactly what was published", {
  skip,
}, async (t) => {
  const day = await startDay({ clients, processes: 2, pauseMs: 20, lifeMs: 3_000 });
  t.after(() => day.close());
  for (const trouble of createTroubles({ readings, blockMs: 1_000 })) {
    await day.traffic(readings);
    await trouble.befall(day);
  }
  const { published, delivered, connections, losses, tokens, faults } = await day.end();
  t.diagnostic(`${published} readings, ${delivered} deliveries, ${connections} connections`);
  t.diagnostic(`${tokens} tokens, lost by ${JSON.stringify([...losses])}`);
  assert.deepEqual(faults, []);
  assert.ok(connections >= 2 * clients, "everybody was cut and came back");
});
