import assert from "node:assert/strict";
import { test } from "node:test";
import { printable, printableLines } from "./printable.ts";

const hostile = "a\u001b[2J\u001b]0;title\u0007\u001b[31m\u009b31m\u202eb\u2067c\r\nd";

test("text of others cannot move the cursor, colour the terminal, or turn the order of letters", () => {
  assert.equal(printable(hostile), "abcd");
  assert.equal(printable("Ekängen, Malmö – ✓"), "Ekängen, Malmö – ✓");
});

test("lines stay apart where there are several", () => {
  assert.equal(printableLines(hostile), "abc\nd");
});
