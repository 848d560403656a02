import assert from "node:assert/strict";
import { test } from "node:test";
import { readingAt } from "./fake-hub.ts";
import { isWanted, subjectsOf } from "./nats-interest.ts";
import type { StreamSelection, StreamTarget } from "./transport.ts";

const whole = { org_id: "o", subjects: ["orgs.o.>"] };
const limited = { org_id: "o", subjects: ["orgs.o.sites.s1.>", "orgs.o.sites.s2.>"] };
const ids = Array.from({ length: 251 }, (_, index) => `d${index}`);
const tail = "telemetry.json.v1";

interface Row {
  readonly login?: typeof whole;
  readonly target?: StreamTarget;
  readonly selection?: StreamSelection;
  readonly subjects: readonly string[];
}

const rows: Readonly<Record<string, Row>> = {
  "an organization": {
    target: { org: "o" },
    subjects: [`orgs.o.sites.*.devices.*.ders.*.${tail}`],
  },
  "an organization of which some sites may be seen": {
    login: limited,
    target: { org: "o" },
    subjects: ["s1", "s2"].map((site) => `orgs.o.sites.${site}.devices.*.ders.*.${tail}`),
  },
  "sites, one of them named twice": {
    target: { sites: ["s1", "s1"] },
    selection: { types: ["pv"] },
    subjects: [`orgs.o.sites.s1.devices.*.ders.*.${tail}`],
  },
  devices: {
    selection: { devices: ["d1", "d2"] },
    subjects: ["d1", "d2"].map((device) => `orgs.o.sites.*.devices.${device}.ders.*.${tail}`),
  },
  "a DER, which has one device": {
    login: limited,
    selection: { devices: ["d1"], ders: ["e"] },
    subjects: ["s1", "s2"].map((site) => `orgs.o.sites.${site}.devices.*.ders.e.${tail}`),
  },
  "more than a connection may subscribe to": {
    login: limited,
    selection: { devices: ids },
    subjects: ["s1", "s2"].map((site) => `orgs.o.sites.${site}.devices.*.ders.*.${tail}`),
  },
  "an id that cannot stand in a subject": {
    selection: { ders: ["a b.>"] },
    subjects: [`orgs.o.sites.*.devices.*.ders.*.${tail}`],
  },
};
for (const [name, { login = whole, target = {}, selection = {}, subjects }] of Object.entries(
  rows,
)) {
  test(`${name}: the subjects bring all of it, each once`, () => {
    assert.deepEqual(subjectsOf(login, target, selection), subjects);
  });
}

test("a reading is wanted by all filters together", () => {
  const reading = readingAt(1, "pv");
  assert.ok(isWanted(reading, {}));
  assert.ok(isWanted(reading, { types: ["pv"], devices: ["d"], ders: ["der-pv", "other"] }));
  assert.ok(!isWanted(reading, { types: ["meter"], devices: ["d"] }));
  assert.ok(!isWanted(reading, { devices: ["other"] }));
  assert.ok(!isWanted(reading, { types: ["pv"], ders: ["other"] }));
});
