import assert from "node:assert/strict";
import { test } from "node:test";
import { decodePage, encodePage } from "./telemetry-page.ts";

const page = {
  asOf: { epoch: 1_790_000_000_123, head: 9_000_000_000, atMs: 1_790_000_000_999 },
  after: { timestampMs: 1_790_000_000_000, derId: "der-01_x" },
};

test("a page's cursor comes back as it was", () => {
  assert.deepEqual(decodePage(encodePage(page)), page);
});

test("anything else is no cursor", () => {
  const texts = [
    "",
    "1 2 3 4",
    "1 2 3 4 ",
    "1 2 3 4 a'b",
    "999999999999999 2 3 4 a",
    "1 2 3 4 a b",
    "-1 2 3 4 a",
    "1 2 3 4 a\n",
  ];
  for (const text of texts) {
    const cursor = Buffer.from(text).toString("base64url");
    assert.throws(() => decodePage(cursor), { code: "cursor_invalid" }, text);
  }
  const twice = `${encodePage(page)}${encodePage(page)}`;
  assert.throws(() => decodePage(twice), { code: "cursor_invalid" });
});
