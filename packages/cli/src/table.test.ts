import assert from "node:assert/strict";
import { test } from "node:test";
import { type Column, tableLines } from "./table.ts";

interface Item {
  readonly name: string | null;
  readonly powerW: number;
}

const columns: readonly Column<Item>[] = [
  { title: "NAME", of: ({ name }) => name },
  { title: "W", of: ({ powerW }) => powerW, align: "right" },
];

test("columns are as wide as their widest cell, in characters as people see them", () => {
  const items = [
    { name: "Ekängen", powerW: -1_500 },
    { name: "e\u0301", powerW: 7 },
    { name: null, powerW: 0 },
  ];
  assert.deepEqual(tableLines(items, columns), [
    "NAME         W",
    "Ekängen  -1500",
    "e\u0301            7",
    "–            0",
  ]);
});

test("a name cannot move the cursor or colour the terminal", () => {
  const [, line = ""] = tableLines(
    [{ name: "\u001b[2J\u001b]0;title\u0007a\r\nb\u009bc", powerW: 1 }],
    columns,
  );
  assert.match(line, /^abc? +1$/);
});
