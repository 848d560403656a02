import assert from "node:assert/strict";
import { test } from "node:test";
import { TailTable } from "./tail-table.ts";

const nowMs = 1_767_225_600_000;

const place = { org_id: "org-1", site_id: "sit-1", device_id: "dev-1" };

/** Whose reading it is, and when it came. */
function from(der_name: string, ageMs = 3_000) {
  const times = { timestamp: nowMs, received_at: nowMs - ageMs };
  return { ...place, ...times, der_id: `der-${der_name}`, der_name };
}

test("each DER has a row, in the same order whatever came first, with what its signs mean", () => {
  const table = new TailTable(new Map());
  table.take({ ...from("grid"), type: "meter", W: 250.4 });
  table.take({ ...from("store"), type: "battery", W: -800, SoC_nom_fract: 0.505 });
  table.take({ ...from("west"), type: "pv", W: -10 });
  table.take({ ...from("east", 125_000), type: "pv", W: 0 });
  const ids = { site_id: "sit-1", device_id: "dev-1", der_id: "der-east" };
  table.takeLiveness({ kind: "liveness", ...ids, state: "stale", age_ms: 125_000 });
  assert.deepEqual(table.lines(nowMs), [
    "NAME   TYPE      POWER               CHARGE    AGE  STATE",
    "east   pv          0 W  idle              –  2 min  stale",
    "west   pv        -10 W  producing         –    3 s  –",
    "store  battery  -800 W  discharging    51 %    3 s  –",
    "grid   meter     250 W  importing         –    3 s  –",
  ]);
});

test("a reading that comes late does not hide a newer one", () => {
  const table = new TailTable(new Map());
  table.take({ ...from("roof"), type: "pv", W: -2 });
  table.take({ ...from("roof"), type: "pv", W: -1, timestamp: nowMs - 1 });
  assert.match(table.lines(nowMs)[1] ?? "", / -2 W /);
});

test("of several sites, each row names its own", () => {
  const table = new TailTable(new Map([["sit-1", "Home"]]));
  table.take({ ...from("roof"), type: "pv" });
  table.take({ ...from("other"), site_id: "sit-2", type: "pv" });
  const [, first, second] = table.lines(nowMs);
  assert.match(first ?? "", /^Home +roof /);
  assert.match(second ?? "", /^sit-2 +other /);
});
