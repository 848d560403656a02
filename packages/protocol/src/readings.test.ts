import assert from "node:assert/strict";
import { test } from "node:test";
import type { Static } from "typebox";
import { Compile } from "typebox/compile";
import type { Origin } from "./reading-shapes.ts";
import { type originSchema, type Reading, readingSchemas, readingTypes } from "./readings.ts";

const timestamp = Date.UTC(2026, 5, 1, 12);

const examples = {
  pv: { W: -3200, mppt1_V: 412.5, mppt1_A: 7.8, total_generation_Wh: 12_345_678 },
  battery: { W: 1500, SoC_nom_fract: 0.55, lower_limit_W: -5000, upper_limit_W: 5000 },
  meter: { W: -1700, Hz: 50.01, L1_V: 231.2, L2_W: -900, total_import_Wh: 1 },
  v2x_charger: { W: -7000, upper_limit_W: [1400, 0, 11_000], plug_connected: true, status: "V2G" },
  ev_charger: { W: 7400, max_A: 32, session_charge_Wh: 5000 },
  inverter: { W: -3000, VA: 3010, VAR: -120, dc_W: 3100 },
};

test("an example of every type of reading is valid, with unknown members kept", () => {
  for (const type of readingTypes) {
    const reading = { type, timestamp, read_time_ms: 12, ...examples[type], vendor_x: [1] };
    assert.ok(Compile(readingSchemas[type]).Check(reading), type);
  }
});

test("signs and ranges are on the members", () => {
  const invalid = [
    { type: "pv", timestamp, W: 3200 },
    { type: "battery", timestamp, SoC_nom_fract: 55 },
    { type: "battery", timestamp, lower_limit_W: 100 },
    { type: "meter", timestamp, Hz: -50 },
    { type: "meter", timestamp, total_import_Wh: -1 },
    { type: "ev_charger", timestamp, W: -7400 },
    { type: "pv", timestamp, mppt1_V: "412" },
    { type: "pv", timestamp: 1.5 },
    { type: "pv" },
  ] as const;
  for (const reading of invalid) {
    assert.equal(
      Compile(readingSchemas[reading.type]).Check(reading),
      false,
      JSON.stringify(reading),
    );
  }
});

test("every number has a unit and a range", () => {
  for (const type of readingTypes) {
    for (const [name, member] of Object.entries(readingSchemas[type].properties)) {
      const schema: Record<string, unknown> = { ...member };
      if (schema.type !== "number" && schema.type !== "integer") continue;
      assert.equal(typeof schema["x-unit"], "string", `${type}.${name} unit`);
      assert.equal(typeof schema.minimum, "number", `${type}.${name} minimum`);
      assert.equal(typeof schema.maximum, "number", `${type}.${name} maximum`);
    }
  }
});

type IsTrue<T extends true> = T;
type IsSame<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type IsItsSchema<T extends Reading["type"]> = IsSame<
  Extract<Reading, { type: T }>,
  Static<(typeof readingSchemas)[T]>
>;

/** What the compiler compares: types that have doc comments with those that the schemas infer. */
export type SchemasHaveTypes = [
  IsTrue<IsItsSchema<"pv">>,
  IsTrue<IsItsSchema<"battery">>,
  IsTrue<IsItsSchema<"meter">>,
  IsTrue<IsItsSchema<"v2x_charger">>,
  IsTrue<IsItsSchema<"ev_charger">>,
  IsTrue<IsItsSchema<"inverter">>,
  IsTrue<IsSame<Reading["type"], keyof typeof readingSchemas>>,
  IsTrue<IsSame<Origin, Static<typeof originSchema>>>,
];
