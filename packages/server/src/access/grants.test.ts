import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Action, decide, type GrantRole, grants } from "./grants.ts";

/**
 * The rules of wire contract §4 and §5, written again from the text: one row an action, one column
 * a role; "+" is allowed. A cell that differs from the hub's table fails by its name.
 */
const columns: readonly GrantRole[] = [
  "owner",
  "admin",
  "operator",
  "viewer",
  "platform_root",
  "platform_admin",
  "self",
];
const expected: Record<Action, string> = {
  //                    owner
  //                    | admin
  //                    | | operator
  //                    | | | viewer
  //                    | | | | platform root
  //                    | | | | | platform admin
  //                    | | | | | | the gateway itself
  "org.view": /*     */ "+ + + + + + -",
  "org.update": /*   */ "+ + - - + + -",
  "org.transfer": /* */ "+ - - - + - -",
  "org.retain": /*   */ "+ - - - + - -",
  "org.delete": /*   */ "+ - - - + - -",
  "member.view": /*  */ "+ + + + + + -",
  "member.manage": /**/ "+ + - - + + -",
  "integration.view": /**/ "+ + - - + + -",
  "integration.manage": /**/ "+ + - - + + -",
  "site.view": /*    */ "+ + + + + + -",
  "site.create": /*  */ "+ + - - + + -",
  "site.update": /*  */ "+ + - - + + -",
  "site.delete": /*  */ "+ + - - + + -",
  "gateway.view": /* */ "+ + + + + + +",
  "gateway.claim": /**/ "+ + - - + + -",
  "gateway.update": /**/ "+ + - - + + -",
  "gateway.release": /**/ "+ + - - + + -",
  "device.view": /*  */ "+ + + + + + +",
  "device.provision": /**/ "+ + - - + + +",
  "device.update": /**/ "+ + - - + + -",
  "device.delete": /**/ "+ + - - + + -",
  "device.control": /**/ "+ + + - + - -",
  "telemetry.read": /**/ "+ + + + + + -",
  "telemetry.publish": /**/ "- - - - - - +",
  "rejections.view": /**/ "+ + + + + + +",
};

const everywhere = { siteIds: undefined };
const actions = Object.keys(expected).filter((name): name is Action => name in grants);

describe("the table of grants", () => {
  it("has a row for every action and no other", () => {
    assert.deepEqual(Object.keys(grants).sort(), Object.keys(expected).sort());
  });

  for (const action of actions) {
    const cells = expected[action].split(" ");
    for (const [index, role] of columns.entries()) {
      const outcome = cells[index] === "+" ? "allowed" : "forbidden";
      it(`${action} is ${outcome} to ${role}`, () => {
        assert.equal(decide(action, [{ role, siteIds: undefined }], everywhere).outcome, outcome);
      });
    }

    it(`${action} does not exist for a stranger`, () => {
      assert.equal(decide(action, [], everywhere).outcome, "invisible");
    });

    for (const [index, role] of columns.entries()) {
      // Only these two can be limited to sites.
      if (role !== "operator" && role !== "viewer") continue;
      const outcome = cells[index] === "+" ? "allowed" : "forbidden";
      const limited = [{ role, siteIds: ["mine", "also mine"] }];
      it(`${action} on an own site is ${outcome} to a limited ${role}`, () => {
        assert.equal(decide(action, limited, { siteIds: ["mine"] }).outcome, outcome);
        assert.equal(decide(action, limited, { siteIds: ["other", "mine"] }).outcome, outcome);
      });
      it(`${action} on another site does not exist for a limited ${role}`, () => {
        assert.equal(decide(action, limited, { siteIds: ["other"] }).outcome, "invisible");
        assert.equal(decide(action, limited, { siteIds: [] }).outcome, "invisible");
      });
    }
  }

  it("of several standings the one that allows decides", () => {
    const both = [
      { role: "viewer", siteIds: ["a"] },
      { role: "platform_root", siteIds: undefined },
    ] as const;
    const decision = decide("site.delete", both, { siteIds: ["b"] });
    assert.deepEqual(decision, { outcome: "allowed", standing: both[1] });
  });
});
