import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createHome,
  dialects,
  homeDevices,
  homeEpochMs,
  inDialect,
  negatesBattery,
} from "@novacore/simulator";
import fc from "fast-check";
import { normalise } from "../../packages/server/src/ingest/normalise.ts";
import { Refusal } from "../../packages/server/src/ingest/refusal.ts";

const home = createHome();
const fortnightSeconds = 14 * 86_400;
const anyTimeMs = fc
  .integer({ min: 0, max: fortnightSeconds })
  .map((second) => homeEpochMs + second * 1_000);

for (const dialect of dialects) {
  test(`a home that speaks ${dialect} is understood in every member`, () => {
    fc.assert(
      fc.property(anyTimeMs, fc.constantFrom(...homeDevices), (timeMs, device) => {
        const reading = device.read(home.at(timeMs), timeMs);
        const negatedBattery = reading.type === "battery" && negatesBattery(dialect);
        const sent = JSON.parse(JSON.stringify(inDialect(dialect, reading)));
        const arrived = normalise(sent, { type: reading.type, negatedBattery });
        assert.ok(!(arrived instanceof Refusal), JSON.stringify(arrived));
        const { read_time_ms: readTimeMs, ...members } = JSON.parse(`${arrived.json}}`);
        const { read_time_ms: expectedMs, ...expected } = JSON.parse(JSON.stringify(reading));
        assert.deepEqual(members, expected);
        // Two dialects have none.
        if (readTimeMs !== undefined) assert.equal(readTimeMs, expectedMs);
      }),
    );
  });
}

test("no two dialects write the same", () => {
  const timeMs = homeEpochMs + 12 * 3_600_000;
  const written = dialects.map((dialect) =>
    homeDevices.map(({ read }) => inDialect(dialect, read(home.at(timeMs), timeMs))),
  );
  assert.equal(new Set(written.map((readings) => JSON.stringify(readings))).size, dialects.length);
});
