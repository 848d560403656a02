import assert from "node:assert/strict";
import { test } from "node:test";
import { formats } from "../history/formats/format.ts";
import { negotiate } from "./accept.ts";

const cases: readonly (readonly [accept: string | undefined, format: string])[] = [
  [undefined, "json"],
  ["", "json"],
  ["*/*", "json"],
  ["text/html, application/xhtml+xml, */*;q=0.8", "json"],
  ["application/*", "json"],
  ["application/*, application/json;q=0.2", "ndjson"],
  ["text/*", "csv"],
  ["TEXT/CSV; charset=utf-8", "csv"],
  ["application/json;q=0.5, application/x-ndjson", "ndjson"],
  ["*/*, application/json;q=0, application/x-ndjson;q=0, text/csv;q=0", "parquet"],
  ["application/vnd.apache.arrow.stream", "arrow"],
];

for (const [accept, format] of cases) {
  test(`Accept ${accept} gets ${format}`, () => {
    assert.equal(negotiate(accept, formats), format);
  });
}

test("what Accept does not take is not sent", () => {
  for (const accept of [
    "image/png",
    "application/json;q=0",
    "*/*;q=0",
    "text/csv;q=x",
    ";",
    "a/b,",
  ]) {
    assert.throws(() => negotiate(accept, formats), { code: "not_acceptable" }, accept);
  }
});
