import assert from "node:assert/strict";
import { test } from "node:test";
import { readingTypes } from "@novacore/protocol";
import { flow } from "./flow.ts";

test("the sign of each type's power has its word, and little power is none", () => {
  const found = readingTypes.map((type) => [type, flow({ type, W: 800 }), flow({ type, W: -800 })]);
  assert.deepEqual(Object.fromEntries(found.map(([type, ...words]) => [type, words])), {
    pv: ["consuming", "producing"],
    battery: ["charging", "discharging"],
    meter: ["importing", "exporting"],
    inverter: ["consuming", "producing"],
    ev_charger: ["charging", "discharging"],
    v2x_charger: ["charging", "discharging"],
  });
  assert.equal(flow({ type: "meter", W: -0.9 }), "idle");
  assert.equal(flow({ type: "meter", W: -9 }, { idleW: 10 }), "idle");
  assert.equal(flow({ type: "meter" }), undefined);
});
