import assert from "node:assert/strict";
import { FrameSocket } from "./frame-socket.ts";
import type { Stage } from "./stage.ts";

/** Plays a `ws` block: what the client says is said, what the hub says is waited for, in this order. */
export async function replayWebSocket(text: string, stage: Stage): Promise<void> {
  const dialogue = new Dialogue(stage);
  const [head, ...others] = text.split(/^(?=connect )/m);
  if (!text.startsWith("connect ")) await dialogue.connectAsUsual();
  try {
    for (const section of [head ?? "", ...others]) await dialogue.play(section);
    await dialogue.assertSilent();
  } finally {
    await dialogue.end();
  }
}

class Dialogue {
  readonly #stage: Stage;
  #socket: FrameSocket | undefined;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async play(section: string): Promise<void> {
    let lines = section.split("\n");
    const url = /^connect (.+)$/.exec(lines[0] ?? "")?.[1];
    if (url !== undefined) {
      const end = lines.indexOf("");
      this.#connect(url, lines.slice(1, end));
      lines = lines.slice(end + 1);
    }
    for (const line of lines) if (line !== "") await this.#step(line);
  }

  async connectAsUsual(): Promise<void> {
    this.#connect("{{ws_url}}/ws", ["Authorization: Bearer {{token}}"]);
    for (const op of ["hello", "authenticated"]) {
      assert.equal((await this.#open.next({ isHeartbeat: false })).op, op);
    }
  }

  /** Nothing has come that the example does not show. */
  async assertSilent(): Promise<void> {
    if (this.#socket?.isOpen !== true) return;
    this.#socket.send('{"op":"ping","t":0}');
    const { op } = await this.#socket.next({ isHeartbeat: false });
    assert.equal(op, "pong", "the hub says more than the example shows");
  }

  async end(): Promise<void> {
    await this.#socket?.close();
    assert.deepEqual(this.#socket?.strange, [], "frames that are not as their schema says");
  }

  get #open(): FrameSocket {
    assert.ok(this.#socket, "nothing is connected");
    return this.#socket;
  }

  #connect(url: string, headerLines: readonly string[]): void {
    const { values } = this.#stage;
    this.#socket = new FrameSocket(
      values.fill(url),
      readHeaders(headerLines.map((line) => values.fill(line))),
    );
  }

  async #step(line: string): Promise<void> {
    const { values } = this.#stage;
    const [, mark = "", text = ""] = /^(→|←) (.*)$/.exec(line) ?? [];
    if (mark === "→") this.#open.send(values.fill(text));
    else if (mark === "←" && text.startsWith("close ")) await this.#expectClose(text.slice(6));
    else if (mark === "←") await this.#expect(text);
    else if (line === "(the connection is cut)") await this.end();
    else await this.#stage.direct(/^\((.*)\)$/.exec(line)?.[1] ?? line);
  }

  async #expect(text: string): Promise<void> {
    const isHeartbeat = text.startsWith('{"op":"heartbeat"');
    const frame = await this.#open.next({ isHeartbeat });
    const isAsShown = this.#stage.values.matchesJson(text, frame);
    assert.ok(isAsShown, `\n  shown: ${text}\n  sent:  ${JSON.stringify(frame)}`);
  }

  async #expectClose(shown: string): Promise<void> {
    const { code, reason } = await this.#open.closed();
    assert.equal(`${code} ${reason}`, shown);
  }
}

export function readHeaders(lines: readonly string[]): Record<string, string> {
  const pairs = lines.map((line): [string, string] => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  return Object.fromEntries(pairs);
}
