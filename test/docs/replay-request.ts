import assert from "node:assert/strict";
import { readHeaders } from "./replay-websocket.ts";
import type { Stage } from "./stage.ts";

/** Plays an `http` block: a request, and under it the answer. */
export async function replayRequest(text: string, { values }: Stage): Promise<void> {
  const [request = "", answer = ""] = text.split(/^(?=HTTP\/1\.1 )/m);
  const { first, headers, body } = readMessage(values.fill(request));
  const [method, url = ""] = first.split(" ");
  const init = { ...(method && { method }), headers, ...(body !== "" && { body }) };
  const response = await fetch(url, init);
  const sent = await response.text();
  const shown = readMessage(answer);
  assert.equal(`HTTP/1.1 ${response.status}`, shown.first, sent);
  for (const [name, value] of Object.entries(shown.headers)) {
    const header = response.headers.get(name) ?? "";
    assert.ok(values.matchesText(value, header), `${name}: ${header}`);
  }
  const isAsShown =
    shown.body === "" ? sent === "" : values.matchesJson(shown.body, JSON.parse(sent));
  assert.ok(isAsShown, `\n  shown: ${shown.body}\n  sent:  ${sent}`);
}

function readMessage(text: string) {
  const [head = "", ...body] = text.trimEnd().split("\n\n");
  const [first = "", ...headerLines] = head.split("\n");
  return { first, headers: readHeaders(headerLines), body: body.join("\n\n") };
}
