import assert from "node:assert/strict";
import { test } from "node:test";
import * as sse from "./sse-format.ts";

test("control lines are blocks of their own, and none but a named event is dispatched", () => {
  assert.equal(sse.comment("heartbeat"), ": heartbeat\n\n");
  assert.equal(sse.position("abc"), "id: abc\n\n");
  assert.equal(sse.retry(1_500.4), "retry: 1500\n\n");
  assert.equal(sse.namedEvent("reset", { a: 1 }), 'event: reset\ndata: {"a":1}\n\n');
});

test("a chunk says its length in bytes, not characters", () => {
  assert.equal(sse.chunk("ü\n").toString(), "3\r\nü\n\r\n");
});

test("CR, LF and NUL are refused in every field", () => {
  for (const text of ["a\nb", "a\rb", "a\0b"]) {
    assert.throws(() => sse.comment(text), /split an event/);
    assert.throws(() => sse.position(text), /split an event/);
    assert.throws(() => sse.namedEvent(text, {}), /split an event/);
  }
});
