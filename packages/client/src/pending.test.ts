import assert from "node:assert/strict";
import { test } from "node:test";
import { Pending } from "./pending.ts";

test("a cursor is reached when everything before it was handed over, in whatever order", () => {
  const pending = new Pending();
  const reached: string[] = [];
  const mark = (name: string) => pending.whenHanded(() => reached.push(name));
  mark("start");
  const [a, b] = [pending.add(), pending.add()];
  mark("b");
  const c = pending.add();
  mark("c");
  assert.deepEqual(reached, ["start"]);
  pending.hand(c);
  pending.hand(b);
  assert.deepEqual(reached, ["start"], "a reading that arrived before them is outstanding");
  pending.hand(a);
  assert.deepEqual(reached, ["start", "b", "c"]);
  assert.equal(pending.size, 0);
});
