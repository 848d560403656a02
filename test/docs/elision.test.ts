import assert from "node:assert/strict";
import { test } from "node:test";
import { Values } from "./elision.ts";

const rows: readonly (readonly [string, unknown, boolean])[] = [
  ['{"a":1}', { a: 1 }, true],
  ['{"a":1}', { a: 2 }, false],
  ['{"a":1}', { a: 1, b: 2 }, false],
  ['{"a":1,"b":2}', { a: 1 }, false],
  ['{"a":1,…}', { a: 1, b: 2 }, true],
  ['{"a":1,…}', { b: 2 }, false],
  ["{…}", { a: 1 }, true],
  ['{"a":…,"b":2}', { a: [], b: 2 }, true],
  ['{"a":…}', {}, false],
  ['{"a":{"b":1,…},"c":3}', { a: { b: 1, x: 0 }, c: 3 }, true],
  ["[1,…]", [1, 2], true],
  ["[1]", [1, 2], false],
  ["[1,…]", [2, 1], false],
  ['{"a":"x…z"}', { a: "xyz" }, true],
  ['{"a":"x…z"}', { a: "xy" }, false],
  ['{"a":"{{known}}"}', { a: "k.1" }, true],
  ['{"a":"{{known}}"}', { a: "k-1" }, false],
  ['{"a":"{{new}}","b":"{{new}}"}', { a: "n", b: "n" }, true],
  ['{"a":"{{new}}","b":"{{new}}"}', { a: "n", b: "m" }, false],
];

for (const [shown, sent, isMatch] of rows) {
  test(`${shown} is ${isMatch ? "" : "not "}${JSON.stringify(sent)}`, () => {
    assert.equal(new Values({ known: "k.1" }).matchesJson(shown, sent), isMatch);
  });
}

test("a value that was found stays, unless the rest did not match", () => {
  const values = new Values({});
  assert.ok(!values.matchesText("id: {{cursor}}!", "id: a"));
  assert.ok(values.matchesText("id: {{cursor}}", "id: b"));
  assert.equal(values.fill("[{{cursor}}]"), "[b]");
  assert.throws(() => values.fill("{{other}}"), /nothing gives {{other}} a value/);
});
