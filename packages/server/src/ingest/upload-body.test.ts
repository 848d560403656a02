import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { NovacoreError } from "@novacore/protocol";
import fc from "fast-check";
import { Refusal } from "./refusal.ts";
import { isGzip, readItem, readUpload, type UploadForm, unpack } from "./upload-body.ts";

const bytes = (text: string) => Buffer.from(text);
const reading = (der: string) => `{"hardware_id":"hw","der":"${der}","W":1}`;

const itemsOf = (body: string, form: UploadForm) => readUpload(bytes(body), form).map(readItem);

/** DERs of the readings; codes of those that are refused. */
function summary(body: string, form: UploadForm): string[] {
  return itemsOf(body, form).map(({ der, reading: each }) =>
    each instanceof Refusal ? each.code : der,
  );
}

function code(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof NovacoreError);
    return error.code;
  }
  return "taken";
}

const rows: readonly (readonly [string, UploadForm, string, readonly string[]])[] = [
  ["a single object", "json", reading("a"), ["a"]],
  ["an array", "json", `[${reading("a")},${reading("b")}]`, ["a", "b"]],
  [
    "an array with strangers",
    "json",
    `[${reading("a")},5,null]`,
    ["a", "reading_malformed", "reading_malformed"],
  ],
  ["lines", "ndjson", `${reading("a")}\n${reading("b")}\n`, ["a", "b"]],
  [
    "lines with CRLF and blanks",
    "ndjson",
    `\r\n${reading("a")}\r\n  \n${reading("b")}`,
    ["a", "b"],
  ],
  [
    "a broken line among good ones",
    "ndjson",
    `${reading("a")}\n{"W":\n${reading("b")}`,
    ["a", "reading_malformed", "b"],
  ],
  ["lines told by the body", "any", `${reading("a")}\n${reading("b")}`, ["a", "b"]],
  ["an array told by the body", "any", `[${reading("a")}]`, ["a"]],
  ["no hardware_id", "json", '{"der":"a"}', ["reading_invalid"]],
  ["no der, but a type", "json", '{"hardware_id":"hw","type":"pv"}', ["pv"]],
  ["neither der nor type", "json", '{"hardware_id":"hw"}', ["reading_invalid"]],
];

for (const [name, form, body, expected] of rows) {
  test(`${name} as ${form}`, () => {
    assert.deepEqual(summary(body, form), expected);
  });
}

test("what says whose a reading is, is not a member of it", () => {
  const [item] = itemsOf(reading("a"), "json");
  assert.deepEqual([item?.hardwareId, item?.reading], ["hw", { W: 1 }]);
});

test("the original of a line is the line", () => {
  const [, item] = itemsOf(`${reading("a")}\n{ "W" :\n`, "ndjson");
  assert.equal(Buffer.from(item?.original() ?? []).toString(), '{ "W" :');
});

test("a body that cannot be read as a whole is refused as a whole", () => {
  assert.equal(
    code(() => readUpload(bytes("[{"), "json")),
    "malformed_request",
  );
  assert.equal(
    code(() => readUpload(bytes("[{"), "any")),
    "malformed_request",
  );
  assert.equal(
    code(() => readUpload(bytes(""), "json")),
    "malformed_request",
  );
  assert.equal(
    code(() => readUpload(bytes("\n\n"), "ndjson")),
    "malformed_request",
  );
  assert.equal(
    code(() => readUpload(bytes("[]"), "json")),
    "malformed_request",
  );
  assert.equal(
    code(() => readUpload(Buffer.from([0x22, 0xff, 0x22]), "json")),
    "malformed_request",
  );
});

test("10 000 readings are taken, one more is not", () => {
  const most = Array.from({ length: 10_000 }, () => reading("a"));
  assert.equal(summary(most.join("\n"), "ndjson").length, 10_000);
  assert.equal(
    code(() => summary([...most, "{}"].join("\n"), "ndjson")),
    "payload_too_large",
  );
  assert.equal(
    code(() => summary(`[${[...most, "{}"].join()}]`, "json")),
    "payload_too_large",
  );
});

test("gzip is unpacked, a bomb is not", async () => {
  const packed = gzipSync(reading("a"));
  assert.ok(isGzip(packed) && !isGzip(bytes("{}")));
  assert.equal(Buffer.from(await unpack(packed)).toString(), reading("a"));
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  await assert.rejects(unpack(bomb), { code: "payload_too_large" });
  await assert.rejects(unpack(bytes("no gzip")), { code: "malformed_request" });
  await assert.rejects(unpack(packed.subarray(0, 20)), { code: "malformed_request" });
});

test("an element of an array is kept as its bytes came", () => {
  const [first, second] = itemsOf(`\uFEFF [ { "W" : 1.0 } ,\n\t5\r\n] `, "json");
  assert.equal(Buffer.from(first?.original() ?? []).toString(), '{ "W" : 1.0 } ');
  assert.equal(Buffer.from(second?.original() ?? []).toString(), "5\r\n");
});

const broken: readonly (readonly [string, readonly string[] | "malformed_request"])[] = [
  [`[${reading("a")},{"W":tru},${reading("b")}]`, ["a", "reading_malformed", "b"]],
  [`[${reading("a")} ${reading("b")}]`, ["reading_malformed"]],
  ['[{"hardware_id":"h]w","der":"[\\"{,["}]', ['["{,[']],
  ["[{}", "malformed_request"],
  ["[{}]]", "malformed_request"],
  ["[{}]{}", "malformed_request"],
  ["[{},]", "malformed_request"],
  ["[,]", "malformed_request"],
  ['["]', "malformed_request"],
  ['["\\', "malformed_request"],
  ["]", "malformed_request"],
];

for (const [body, expected] of broken) {
  test(`${body} is ${expected}`, () => {
    if (expected === "malformed_request")
      assert.equal(
        code(() => summary(body, "json")),
        expected,
      );
    else assert.deepEqual(summary(body, "json"), expected);
  });
}

test("an array is taken apart as JSON takes it apart", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), fc.nat(2), (values, indent) => {
      const elements = readUpload(bytes(JSON.stringify(values, undefined, indent)), "json");
      const parsed = elements.map((each) => JSON.parse(Buffer.from(each).toString()));
      assert.deepEqual(parsed, JSON.parse(JSON.stringify(values)));
    }),
  );
});

test("a body that takes far more memory or stack than bytes is refused before it is parsed", () => {
  // An object with numbers for names is one that JSON.stringify walks by recursion.
  const deep = `[{"a":${'{"0":'.repeat(200_000)}1${"}".repeat(200_000)}}]`;
  assert.deepEqual(summary(deep, "json"), ["reading_too_large"]);
  assert.deepEqual(summary(`{"a":[${"1,".repeat(100_000)}1]}`, "json"), ["reading_too_large"]);
  assert.equal(
    code(() => readUpload(bytes("[".repeat(10_000_000)), "json")),
    "malformed_request",
  );
  for (const [body, form] of [
    [`[${"{},".repeat(1_000_000)}{}]`, "json"],
    [`[${"1,".repeat(1_000_000)}1]`, "json"],
    ["\n".repeat(1_000_000), "ndjson"],
  ] as const) {
    assert.equal(
      code(() => readUpload(bytes(body), form)),
      "payload_too_large",
    );
  }
});
