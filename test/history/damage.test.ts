import assert from "node:assert/strict";
import { readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openRegistry, type Registry } from "../../packages/server/src/registry/database.ts";
import { createAsk } from "../support/ask.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";

const dayMs = 86_400_000;
const nowMs = Date.now();
/** Old enough that the stream has neither. */
const [spoiltMs, wholeMs] = [nowMs - 9 * dayMs, nowMs - 12 * dayMs];

let hub: TestHub;
let home: Home;
let registry: Registry;

before(async () => {
  hub = await startHub({ NOVACORE_ARCHIVE_INTERVAL: "0.1" });
  home = await createHome(hub);
  registry = await openRegistry({ dataDir: hub.dataDir, databaseUrl: undefined });
  await home.publish("solar", { type: "pv", timestamp: spoiltMs, W: -9 });
  await home.publish("battery", { type: "battery", timestamp: wholeMs, W: 12 });
  await home.publish("meter", { type: "meter", timestamp: nowMs, W: 1 });
});

after(async () => {
  await registry?.close();
  await hub?.close();
});

const ask: ReturnType<typeof createAsk> = (method, path, options) =>
  createAsk(hub.url)(method, path, { token: home.token, ...options });

/** Files with a reading of that moment. The archive writes them a little later. */
async function filesOf(timestamp: number): Promise<readonly string[]> {
  const query = {
    ...{ orgId: home.orgId, kinds: ["rows", "late"] as const },
    timestamps: { first: timestamp, last: timestamp },
  };
  for (const deadlineMs = Date.now() + 60_000; ; ) {
    const { files } = await registry.manifest.snapshot(query, () => true);
    if (files.length > 0) return files.map(({ path }) => join(hub.dataDir, "archive", path));
    if (Date.now() > deadlineMs) throw new Error("it was not archived");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const day = new Date(spoiltMs).toISOString().slice(0, 10);

function history(der: "solar" | "battery", timestamp: number) {
  const range = `from=${timestamp - 1_000}&to=${timestamp + 1_000}&resolution=raw`;
  return ask("GET", `/ders/${home.ders[der].derId}/telemetry?${range}`);
}

test("a file that cannot be read spoils its own day, is told, and is read once it is restored", async () => {
  const [file = ""] = await filesOf(spoiltMs);
  await filesOf(wholeMs);
  const whole = await readFile(file);
  const damages = {
    cut: () => truncate(file, 60),
    emptied: () => truncate(file, 0),
    gone: () => rm(file),
    spoilt: () => writeFile(file, spoil(whole)),
  };
  let touchedS = 0;
  for (const [how, damage] of Object.entries(damages)) {
    await damage();
    if (how === "spoilt") await utimes(file, touchedS, touchedS++);
    const spoilt = await history("solar", spoiltMs);
    assert.deepEqual([spoilt.status, spoilt.body.error], [500, "archive_damaged"], how);
    // DuckDB names no file where the bytes of one make no sense.
    const place = how === "spoilt" ? "these days" : day;
    assert.match(spoilt.body.message, new RegExp(`readings of ${place} cannot be read`));
    assert.ok(!spoilt.text.includes("parquet") && !spoilt.text.includes(hub.dataDir), spoilt.text);
    const other = await history("battery", wholeMs);
    assert.deepEqual([other.status, other.body.data[0].W], [200, 12], how);

    const status = await ask("GET", `/sites/${home.siteId}/status`);
    assert.equal(status.status, 200, `${how}: ${status.text}`);
    const latest = await ask("GET", `/telemetry/latest?site_id=${home.siteId}`);
    assert.equal(latest.status, 200, `${how}: ${latest.text}`);
    const newest = latest.body.data.find(
      (each: { der_id: string }) => each.der_id === home.ders.meter.derId,
    );
    assert.deepEqual([newest.state, newest.reading.W], ["online", 1]);
    await writeFile(file, whole);
    await utimes(file, touchedS, touchedS++);
    const restored = await history("solar", spoiltMs);
    assert.deepEqual([restored.status, restored.body.data?.[0].W], [200, -9], how);
  }
  const ready = await ask("GET", "/readyz");
  const check = ready.body.checks.find((each: { name: string }) => each.name === "history");
  assert.deepEqual([ready.status, check.ok], [200, false]);
  assert.match(check.reason, new RegExp(`of ${day}, an unknown day: the log has their paths`));
  const { text } = await ask("GET", "/metrics");
  assert.ok(Number(/novacore_archive_damaged_total (\d+)/.exec(text)?.[1]) >= 4, "counted");
});

/** As long as it was, with other bytes where its readings are. */
function spoil(whole: Buffer): Buffer {
  const spoilt = Buffer.from(whole);
  for (let at = 4; at < 400; at++) spoilt[at] = (spoilt[at] ?? 0) ^ 0x55;
  return spoilt;
}
