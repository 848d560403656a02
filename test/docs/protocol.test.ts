import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { clientFrames, errorTable, serverFrames, type wireLimits } from "@novacore/protocol";
import { limits } from "../../packages/server/src/limits.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { findTool } from "../support/tools.ts";
import { type Block, readBlocks } from "./protocol-blocks.ts";
import { replayScript, replayShell } from "./replay-program.ts";
import { replayRequest } from "./replay-request.ts";
import { replaySse } from "./replay-sse.ts";
import { replayWebSocket } from "./replay-websocket.ts";
import { createStage, type Stage } from "./stage.ts";

const document = await readFile(new URL("../../docs/protocol.md", import.meta.url), "utf8");
const blocks = readBlocks(document);

const replays: Readonly<Record<string, (text: string, stage: Stage) => Promise<void>>> = {
  ws: replayWebSocket,
  sse: replaySse,
  http: replayRequest,
  sh: replayShell,
  js: replayScript,
};

/** Some wait for what happens only now and then; the others go on meanwhile. */
describe("docs/protocol.md", { concurrency: 6 }, () => {
  let hub: TestHub;
  before(async () => {
    hub = await startHub();
  });
  after(() => hub?.close());

  for (const block of blocks) {
    const { heading, line, language, text } = block;
    test(`the hub does what line ${line} shows: ${heading}`, async (t) => {
      const replay = replays[language];
      assert.ok(replay, `nobody knows how to replay a block of "${language}"`);
      const missing = toolsOf(block).filter((name) => findTool(name) === undefined);
      if (missing.length > 0) return t.skip(`${missing.join(" and ")} is not installed`);
      return replay(text, await createStage(hub, text));
    });
  }
});

test("every op of both sides has an example in docs/protocol.md", () => {
  const lines = blocks
    .filter(({ language }) => language === "ws")
    .flatMap(({ text }) => text.split("\n"));
  const opsOf = (mark: string) =>
    new Set(lines.map((line) => new RegExp(`^${mark} \\{"op":"(\\w+)"`).exec(line)?.[1]));
  for (const op of Object.keys(clientFrames)) assert.ok(opsOf("→").has(op), `→ ${op}`);
  for (const op of Object.keys(serverFrames)) assert.ok(opsOf("←").has(op), `← ${op}`);
});

/** How docs/protocol.md names each limit of the wire, and those of the hub that clients meet. */
const limitNames = {
  frameBytesMax: "Bytes of a frame from a client (`frame_bytes`)",
  subscriptionsPerSocketMax: "Subscriptions of a socket (`subscriptions`)",
  streamSitesMax: "Sites of a subscription or stream (`sites_per_subscription`)",
  filterIdsMax: "Ids in `devices` or `ders` (`ids_per_filter`)",
  publishReadingsMax: "Readings in a `publish` (`readings_per_publish`)",
  creditMax: "Readings of credit ahead (`credit`)",
  minIntervalMs: "Least `min_interval_ms`",
  minIntervalMsMax: "Most `min_interval_ms`",
  batchMsMax: "Most `batch_ms`",
  socketAuthMs: "Milliseconds until somebody must have authenticated (`auth_ms`)",
  frameBurstMax: "Frames of a socket, at once",
  framesPerSecond: "Frames of a socket, a second for long",
  subscribeBurstMax: "Subscriptions that a socket begins, at once",
  subscribesPerSecond: "Subscriptions that a socket begins, a second for long",
  subscriberQueueBytesMax: "Bytes that wait for a slow reader",
  streamsPerIdentityMax: "Connections of an identity",
  streamsPerAddressMax: "Connections of an address",
} as const satisfies Record<keyof typeof wireLimits, string> & Partial<Record<Limit, string>>;

type Limit = keyof typeof limits;

test("docs/protocol.md lists every limit of the wire with its value", () => {
  const values = new Map<string, unknown>(Object.entries(limits));
  const expected = Object.entries(limitNames).map(([key, name]) => [name, values.get(key)]);
  const rows = sectionOf("Limits").matchAll(/^\| (.+) \| (\d+) \|$/gm);
  const documented = [...rows].map(([, name, value]) => [name, Number(value)]);
  assert.deepEqual(documented, expected);
});

test("docs/protocol.md lists every close code, and says to reconnect below 4500 alone", () => {
  const rows = sectionOf("Errors and closing").matchAll(/^\| (\d{4}) \| `(\w+)` \| (yes|no)/gm);
  const documented = [...rows].map(([, close, code, reconnect]) => [
    Number(close),
    code,
    reconnect,
  ]);
  const expected = Object.entries(errorTable).flatMap(([code, row]) => {
    if (!("close" in row)) return [];
    const { close } = row;
    return [[close, code, close >= 4_000 && close < 4_500 ? "yes" : "no"] as const];
  });
  assert.deepEqual(
    documented,
    expected.toSorted(([a], [b]) => a - b),
  );
});

function sectionOf(heading: string): string {
  const section = document.split(/^(?=#+ )/m).find((part) => part.startsWith(`### ${heading}\n`));
  assert.ok(section, `there is no section "${heading}"`);
  return section;
}

function toolsOf({ language, text }: Block): readonly string[] {
  return language === "sh"
    ? ["bash", "curl", "mosquitto_pub", "openssl"].filter(
        (name) => name === "bash" || text.includes(`${name} `),
      )
    : [];
}
