import assert from "node:assert/strict";
import { test } from "node:test";
import { EnrichedReading, type ReadingType, readingTypes } from "@novacore/protocol";
import fc from "fast-check";
import { Compile } from "typebox/compile";
import { dialectRows } from "../../../../test/conformance/dialect-rows.ts";
import { memberRules } from "./dialects.ts";
import { normalise } from "./normalise.ts";
import { Refusal } from "./refusal.ts";

const timeMs = 1_700_000_000_000;
const enriched = Compile(EnrichedReading);
const origin = {
  org_id: "org-1",
  site_id: "sit-1",
  device_id: "dev-1",
  der_id: "der-1",
  der_name: "one",
  received_at: timeMs,
};

/** The reading as consumers get it. */
function canonical(reading: object, type: ReadingType, negatedBattery = false) {
  const parsed: Record<string, unknown> = JSON.parse(JSON.stringify(reading));
  const result = normalise(parsed, { type, negatedBattery });
  assert.ok(!(result instanceof Refusal), result instanceof Refusal ? result.message : "");
  const members: Record<string, unknown> = JSON.parse(`${result.json}}`);
  assert.ok(enriched.Check({ ...members, ...origin }), result.json);
  assert.equal(members.timestamp, result.timestampMs);
  return members;
}

function refusal(reading: object, type: ReadingType): Refusal {
  const result = normalise({ ...reading }, { type, negatedBattery: false });
  assert.ok(result instanceof Refusal, "it was taken");
  return result;
}

const typeOf = {
  solar: "pv",
  "named-solar": "pv",
  battery: "battery",
  "negated-battery": "battery",
  meter: "meter",
  charger: "ev_charger",
  v2x: "v2x_charger",
} as const satisfies Record<string, ReadingType>;

for (const row of dialectRows) {
  test(row.name, () => {
    const { der_name: _byTheHub, ...arrives } = row.arrives;
    const members = canonical(row.sends(timeMs), typeOf[row.der], row.der === "negated-battery");
    for (const [name, value] of Object.entries(arrives))
      assert.deepEqual(members[name], value, name);
    for (const name of row.absent ?? []) assert.ok(!Object.hasOwn(members, name), name);
    assert.equal(members.timestamp, timeMs);
  });
}

const moreRows: readonly {
  readonly name: string;
  readonly type: ReadingType;
  readonly sends: object;
  readonly arrives: object;
  readonly absent?: readonly string[];
}[] = [
  {
    name: "a reading without type is of its DER's type",
    type: "inverter",
    sends: { timestamp: timeMs, VA: 5 },
    arrives: { type: "inverter", VA: 5 },
  },
  {
    name: "dc_W beside W is passed on, as it says something of its own",
    type: "pv",
    sends: { timestamp: timeMs, W: -5, dc_W: -6 },
    arrives: { W: -5, dc_W: -6 },
  },
  {
    name: "ac_W wins over dc_W where W is missing",
    type: "battery",
    sends: { timestamp: timeMs, dc_W: 6, ac_W: 5 },
    arrives: { W: 5 },
    absent: ["ac_W"],
  },
  {
    name: "dc_w of a V2X charger is its dc_W, not its W",
    type: "v2x_charger",
    sends: { timestamp: timeMs, w: 7, dc_w: 6 },
    arrives: { W: 7, dc_W: 6 },
    absent: ["dc_w", "w"],
  },
  {
    name: "an alias stands in where the canonical member is null",
    type: "meter",
    sends: { timestamp: timeMs, W: null, w: 3 },
    arrives: { W: 3 },
  },
  {
    name: "ts_ms stands in where timestamp is null",
    type: "meter",
    sends: { timestamp: null, ts_ms: timeMs, W: 3 },
    arrives: { W: 3 },
  },
  {
    name: "a flat tracker member wins over the list, and unknown members of a tracker go along",
    type: "pv",
    sends: { timestamp: timeMs, mppt1_V: 1, mppt: [{ V: 2, a: 3, temp: 40 }, null, { W: -4 }] },
    arrives: { mppt1_V: 1, mppt1_A: 3, mppt1_temp: 40, mppt3_W: -4 },
    absent: ["mppt"],
  },
  {
    name: "limits of a V2X charger are one number or three",
    type: "v2x_charger",
    sends: { timestamp: timeMs, upper_limit_W: [1400, 0, 11_000], lower_limit_W: -11_000 },
    arrives: { upper_limit_W: [1400, 0, 11_000], lower_limit_W: -11_000 },
  },
  {
    name: "a fraction of a millisecond is rounded off",
    type: "meter",
    sends: { timestamp: timeMs + 0.4 },
    arrives: { type: "meter" },
  },
  {
    name: "lower-case counters, limits and fractions",
    type: "battery",
    sends: { timestamp: timeMs, soh_fract: 0.9, capacity_wh: 9000, upper_limit_w: 5 },
    arrives: { SoH_fract: 0.9, capacity_Wh: 9000, upper_limit_W: 5 },
  },
];

for (const { name, type, sends, arrives, absent = [] } of moreRows) {
  test(name, () => {
    const members = canonical(sends, type);
    for (const [member, value] of Object.entries(arrives)) {
      assert.deepEqual(members[member], value, member);
    }
    for (const member of absent) assert.ok(!Object.hasOwn(members, member), member);
  });
}

const refusals: readonly (readonly [string, ReadingType, string, string | undefined])[] = [
  ['{"type":"meter"}', "meter", "timestamp_missing", undefined],
  [`{"timestamp":"yesterday"}`, "meter", "timestamp_missing", "/timestamp"],
  [`{"timestamp":${timeMs},"type":"fridge"}`, "meter", "type_unknown", "/type"],
  [`{"timestamp":${timeMs},"type":"pv"}`, "meter", "reading_type_mismatch", "/type"],
  [`{"timestamp":${timeMs},"type":"V2X"}`, "ev_charger", "reading_type_mismatch", "/type"],
  [`{"timestamp":${timeMs},"type":5}`, "meter", "reading_invalid", "/type"],
  [`{"timestamp":${timeMs},"W":"5"}`, "meter", "reading_invalid", "/W"],
  [`{"timestamp":${timeMs},"w":true}`, "meter", "reading_invalid", "/w"],
  [`{"timestamp":${timeMs},"W":1e999}`, "meter", "reading_out_of_range", "/W"],
  [`{"timestamp":${timeMs},"vendor":{"a":[1e999]}}`, "meter", "reading_out_of_range", "/vendor"],
  [`{"timestamp":${timeMs},"W":1}`, "pv", "reading_out_of_range", "/W"],
  [
    `{"timestamp":${timeMs},"SoC_nom_fract":55}`,
    "battery",
    "reading_out_of_range",
    "/SoC_nom_fract",
  ],
  [`{"timestamp":${timeMs},"read_time_ms":-1}`, "meter", "reading_out_of_range", "/read_time_ms"],
  [
    `{"timestamp":${timeMs},"plug_connected":1}`,
    "ev_charger",
    "reading_invalid",
    "/plug_connected",
  ],
  [
    `{"timestamp":${timeMs},"upper_limit_W":[1,0]}`,
    "v2x_charger",
    "reading_invalid",
    "/upper_limit_W",
  ],
  [`{"timestamp":${timeMs},"mppt":{"V":1}}`, "pv", "reading_invalid", "/mppt"],
  [`{"timestamp":${timeMs},"__proto__":{"a":1}}`, "meter", "reading_invalid", "/__proto__"],
  [`{"timestamp":${timeMs},"x":[{"__proto__":1}]}`, "meter", "reading_invalid", "/x"],
  [`{"timestamp":${timeMs},"a/b~c":1e999}`, "meter", "reading_out_of_range", "/a~1b~0c"],
  [
    `{"timestamp":${timeMs},"deep":${"[".repeat(40)}${"]".repeat(40)}}`,
    "meter",
    "reading_invalid",
    "/deep",
  ],
];

for (const [json, type, code, path] of refusals) {
  test(`${json.slice(0, 70)} as ${type} is refused as ${code}`, () => {
    const { code: actual, path: where, message } = refusal(JSON.parse(json), type);
    assert.deepEqual([actual, where], [code, path], message);
  });
}

test("a reading with more members than allowed is refused", () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`m${i}`, i]));
  assert.equal(refusal({ timestamp: timeMs, ...many }, "meter").code, "reading_invalid");
});

test("whatever a payload calls itself, what the hub adds is not in it", () => {
  const members = canonical({ timestamp: timeMs, ...origin, received_at: 1 }, "meter");
  for (const name of Object.keys(origin)) assert.ok(!Object.hasOwn(members, name), name);
});

test("a reading begins with its type, even where members have numbers for names", () => {
  const result = normalise({ 1: "one", timestamp: timeMs }, { type: "pv", negatedBattery: false });
  assert.ok(!(result instanceof Refusal));
  assert.equal(result.json, `{"type":"pv","timestamp":${timeMs},"1":"one"`);
});

test("no payload called `code` is taken for a refusal, nor any inherited member for one of its own", () => {
  assert.equal(canonical({ timestamp: timeMs, code: 5, message: "x" }, "meter").code, 5);
  assert.equal(canonical({ timestamp: timeMs, constructor: 1, toString: 2 }, "meter").toString, 2);
});

test("any JSON becomes a valid canonical reading or a refusal with a code", () => {
  const names = [...new Set(readingTypes.flatMap((type) => [...memberRules[type].keys()]))];
  const head = ["type", "timestamp", "ts_ms", "read_time_ms", "make", "mppt", "__proto__", "0"];
  const likely = fc.oneof(
    fc.constantFrom<unknown>(timeMs, timeMs / 1000, "2024-01-01T00:00:00.123456789Z", "pv", "V2X"),
    fc.double(),
    fc.integer({ min: -5, max: 5 }),
    fc.jsonValue(),
  );
  const member = fc.tuple(fc.oneof(fc.constantFrom(...names, ...head), fc.string()), likely);
  const payload = fc.oneof(
    fc.array(member).map((members) => JSON.stringify(Object.fromEntries(members))),
    fc
      .array(member)
      .map((members) =>
        JSON.stringify({ ...Object.fromEntries(members), timestamp: timeMs, type: undefined }),
      ),
  );
  let taken = 0;
  fc.assert(
    fc.property(payload, fc.constantFrom(...readingTypes), fc.boolean(), (json, type, negated) => {
      const result = normalise(JSON.parse(json), { type, negatedBattery: negated });
      if (result instanceof Refusal) {
        assert.match(result.code, /^[a-z_]+$/);
        return;
      }
      taken++;
      assert.ok(result.json.startsWith(`{"type":"${type}","timestamp":${result.timestampMs}`));
      const text = `${result.json},${JSON.stringify(origin).slice(1)}`;
      assert.ok(enriched.Check(JSON.parse(text)), text);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(taken > 100, `only ${taken} were taken, so the property says little`);
});
