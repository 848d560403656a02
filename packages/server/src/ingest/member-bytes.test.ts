import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { memberBytes } from "./member-bytes.ts";

function memberText(json: string, name: string): string | undefined {
  const bytes = memberBytes(Buffer.from(json), name);
  return bytes && Buffer.from(bytes).toString();
}

test("a member is found wherever it stands, as it was written", () => {
  const cases: readonly (readonly [json: string, expected: string | undefined])[] = [
    ['{"readings":[1,2]}', "[1,2]"],
    ['{"op":"publish","readings":[{"a":"]}"}],"id":"x"}', '[{"a":"]}"}]'],
    ['  {\n "id" : "readings" ,\t"readings" : [ 1.0, 2e3 ] }\r\n', "[ 1.0, 2e3 ] "],
    ['{"a":{"readings":1},"readings":2}', "2"],
    ['{"a":"\\"readings\\":3","readings":"\\\\"}', '"\\\\"'],
    ['{"a":[{"b":[]},"}"],"readings":null}', "null"],
    ['{"readings":1,"readings":[2]}', "[2]"],
    ['{"reading":1}', undefined],
    ['{"a":"readings"}', undefined],
    ["{}", undefined],
    ["{ }", undefined],
  ];
  for (const [json, expected] of cases) {
    JSON.parse(json);
    assert.equal(memberText(json, "readings"), expected, json);
  }
});

test("what it finds is what JSON.parse finds", () => {
  const objects = fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue(), { maxKeys: 6 });
  fc.assert(
    fc.property(objects, fc.jsonValue(), fc.nat(2), (object, value, spaces) => {
      const whole = { ...object, readings: value, ...object };
      const json = JSON.stringify(whole, undefined, spaces);
      const found = memberText(json, "readings");
      assert.deepEqual(JSON.parse(found ?? "missing"), JSON.parse(JSON.stringify(whole.readings)));
    }),
  );
});
