import assert from "node:assert/strict";
import { createConditions } from "../support/conditions.ts";
import { readHeaders } from "./replay-websocket.ts";
import type { Stage } from "./stage.ts";

/** Plays an `sse` block: opens the stream and compares it with the example, one event after the other. */
export async function replaySse(text: string, stage: Stage): Promise<void> {
  let stream: EventStream | undefined;
  try {
    for (const paragraph of text.split("\n\n")) {
      const lines = paragraph.split("\n");
      while (lines[0]?.startsWith("(") === true) {
        const sentence = lines.shift()?.slice(1, -1) ?? "";
        if (sentence === "the connection is cut") stream?.close();
        else await stage.direct(sentence);
      }
      const url = /^GET (.+)$/.exec(lines[0] ?? "")?.[1];
      if (url !== undefined) {
        const headers = readHeaders(lines.slice(1).map((line) => stage.values.fill(line)));
        stream = await openStream(stage.values.fill(url), headers);
      } else if (lines.length > 0) {
        assert.ok(stream, "the example begins without a request");
        expectEvent(lines, await stream.next(), stage);
      }
    }
  } finally {
    stream?.close();
  }
}

function expectEvent(lines: readonly string[], event: string, { values }: Stage): void {
  const sent = event.split("\n");
  const isAsShown =
    sent.length === lines.length &&
    lines.every((line, index) => {
      const [, head = line, json] = /^(.*?)(\{["…].*)$/.exec(line) ?? [];
      const actual = sent[index] ?? "";
      if (json === undefined) return values.matchesText(line, actual);
      const start = actual.indexOf("{");
      if (start < 0 || !values.matchesText(head, actual.slice(0, start))) return false;
      return values.matchesJson(json, JSON.parse(actual.slice(start)));
    });
  assert.ok(isAsShown, `\n  shown: ${lines.join("\n")}\n  sent:  ${event}`);
}

interface EventStream {
  /** The next event or comment as it stands on the wire; heartbeats are passed over. */
  next(): Promise<string>;
  close(): void;
}

async function openStream(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<EventStream> {
  const abort = new AbortController();
  const { status, body } = await fetch(url, { headers, signal: abort.signal });
  assert.equal(status, 200);
  assert.ok(body);
  const conditions = createConditions();
  const events: string[] = [];
  const read = async () => {
    let text = "";
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const parts = (text + chunk).split("\n\n");
      text = parts.pop() ?? "";
      events.push(...parts.filter((part) => !part.startsWith(": heartbeat ")));
      conditions.changed();
    }
    throw new Error("the stream ended");
  };
  read().catch((error: Error) => conditions.fail(error));
  return {
    next: () => conditions.until("the next event", () => events.shift()),
    close: () => abort.abort(),
  };
}
