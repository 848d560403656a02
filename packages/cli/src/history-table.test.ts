import assert from "node:assert/strict";
import { PassThrough, Writable } from "node:stream";
import { test } from "node:test";
import type { History } from "@novacore/client";
import { showHistory } from "./history-table.ts";
import { Output } from "./output.ts";
import { Progress } from "./progress.ts";

const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 5, 1, 10);
const history: History = {
  from: new Date(startMs + 600_000).toISOString(),
  to: new Date(startMs + 4 * hourMs).toISOString(),
  ...{ resolution: "1h", timezone: "Europe/Stockholm", cursor: "c", units: { W: "W" } },
  data: [
    { der_id: "der-roof", timestamp: startMs, n: 60, W: 0 },
    { der_id: "der-roof", timestamp: startMs + hourMs, n: 60, W: -1_000.12345 },
    { der_id: "der-roof", timestamp: startMs + 3 * hourMs, n: 60, W: -2_000 },
    { der_id: "der-new", timestamp: startMs, n: 1, W: null },
  ],
};
const names = new Map([["der-roof", "roof"]]);

async function shown(isTTY: boolean): Promise<string[]> {
  let text = "";
  const sink = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const stdout = Object.assign(sink, { isTTY, columns: 66 });
  const terminal = { stdout, env: { NO_COLOR: "1" }, signal: new AbortController().signal };
  const progress = new Progress(new PassThrough());
  await showHistory(history, names, new Output({ terminal, progress, isJson: false }));
  return text.trimEnd().split("\n");
}

test("a table has the site's own time, names for DERs that have one, and thousandths", async () => {
  assert.deepEqual(await shown(false), [
    "TIME (Europe/Stockholm)  DER       N          W",
    "2026-06-01 12:00:00      roof     60          0",
    "2026-06-01 13:00:00      roof     60  -1000.123",
    "2026-06-01 15:00:00      roof     60      -2000",
    "2026-06-01 12:00:00      der-new   1          –",
  ]);
});

test("at a terminal bars come first, a line for each DER of which something is known", async () => {
  const [titles, roof, blank, ...table] = await shown(true);
  assert.match(titles ?? "", /^DER +FIELD +LEAST +MOST$/);
  assert.match(roof ?? "", /^roof +W +█▄ ▁ +-2000 +0$/, "a blank where nothing is known");
  assert.equal(blank, "");
  assert.deepEqual(table, await shown(false));
});
