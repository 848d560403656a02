import assert from "node:assert/strict";
import { test } from "node:test";
import { isTabMessage } from "./tab-platform.ts";

test("what another script says on the channel is no message of tabs", () => {
  const [from, to] = ["a", "b"];
  for (const data of [null, 5, "ask", {}, { kind: "step" }, { kind: "step", from, to }]) {
    assert.equal(isTabMessage(data), false, JSON.stringify(data));
  }
  for (const data of [
    { kind: "ask" },
    { kind: "reset" },
    { kind: "step", from, to, readings: [] },
  ]) {
    assert.equal(isTabMessage(data), true, data.kind);
  }
});
