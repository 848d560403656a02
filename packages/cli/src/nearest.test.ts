import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "./nearest.ts";

const words = ["list", "show", "create", "rename", "delete", "integration"];

test("a slip of one or two letters finds the word that was meant", () => {
  for (const [typed, meant] of [
    ["lst", "list"],
    ["lits", "list"],
    ["LIST", "list"],
    ["creaet", "create"],
    ["shows", "show"],
    ["integratoin", "integration"],
    ["integ", "integration"],
    ["renmae", "rename"],
  ] as const) {
    assert.equal(nearest(typed, words), meant, typed);
  }
});

test("what is near to nothing finds nothing", () => {
  for (const typed of ["frobnicate", "", "x", "shrewd", "de"]) {
    assert.equal(nearest(typed, words), undefined, typed);
  }
});

test("a word of two letters is near to nothing else", () => {
  assert.equal(nearest("1w", ["15m", "1h", "1d"]), undefined);
  assert.equal(nearest("UP", ["up"]), "up");
});
