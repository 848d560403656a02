import assert from "node:assert/strict";
import { test } from "node:test";
import { type SseEvent, SseParser } from "./sse-parser.ts";

function parse(chunks: readonly string[]) {
  const events: SseEvent[] = [];
  const comments: string[] = [];
  const retries: number[] = [];
  const parser = new SseParser({
    onEvent: (event) => events.push(event),
    onComment: (text) => comments.push(text),
    onRetry: (milliseconds) => retries.push(milliseconds),
  });
  for (const chunk of chunks) parser.feed(chunk);
  return { events, comments, retries };
}

const stream = [
  "retry: 1500\n\nid: a\n\n",
  ": heartbeat 2026\n\n",
  'id: b\ndata: {"type":"pv"}\n\n',
  "event: reset\ndata: one\ndata:two\n\n",
  "data: without an id\n\n",
].join("");

const parsed = {
  events: [
    { event: "message", data: undefined, lastEventId: "a" },
    { event: "message", data: '{"type":"pv"}', lastEventId: "b" },
    { event: "reset", data: "one\ntwo", lastEventId: "b" },
    { event: "message", data: "without an id", lastEventId: "b" },
  ],
  comments: ["heartbeat 2026"],
  retries: [1500],
};

test("a stream is parsed alike however it is cut, with every kind of line break", () => {
  for (const lineBreak of ["\n", "\r\n", "\r"]) {
    const text = `${stream.replaceAll("\n", lineBreak)}:${lineBreak}`;
    for (const size of [1, 2, 3, 7, text.length]) {
      const chunks: string[] = [];
      for (let i = 0; i < text.length; i += size) chunks.push(text.slice(i, i + size));
      const { events, comments, retries } = parse(chunks);
      const told = { events, comments: comments.slice(0, 1), retries };
      assert.deepEqual(told, parsed, `${JSON.stringify(lineBreak)} in pieces of ${size}`);
    }
  }
});

test("an event that never ends is refused before it fills the memory", () => {
  const parser = new SseParser({ onEvent: () => assert.fail("no event ended") });
  const piece = "x".repeat(64 * 1024);
  parser.feed("data: ");
  assert.throws(
    () => {
      for (let i = 0; i < 20; i++) parser.feed(piece);
    },
    { code: "answer_invalid" },
  );
});

test("ids with NUL, retries that are no number and unknown fields are ignored", () => {
  const { events, retries } = parse(["id: a\0b\nretry: soon\nnonsense\ndata\n\n"]);
  assert.deepEqual(events, [{ event: "message", data: "", lastEventId: "" }]);
  assert.deepEqual(retries, []);
});
