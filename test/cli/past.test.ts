import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { createCommandUser } from "./command.ts";

const minuteMs = 60_000;
const count = 30;

describe("the past at the command line", () => {
  let hub: TestHub;
  let home: Home;
  /** A whole hour some hours ago. */
  let startMs: number;

  before(async () => {
    hub = await startHub();
    home = await createHome(hub);
    startMs = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3 * 3_600_000;
    for (let i = 0; i < count; i++) {
      const timestamp = startMs + i * minuteMs;
      const total_import_Wh = 1_000 + i * 10;
      await home.publish("meter", { type: "meter", timestamp, W: 600, total_import_Wh });
      await home.publish("solar", { type: "pv", timestamp, W: -i * 100 });
    }
  });
  after(() => hub?.close());

  async function open(t: TestContext) {
    const person = await createCommandUser(t);
    const folder = await mkdtemp(join(tmpdir(), "novacore-past-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const env = { NOVACORE_URL: hub.url, NOVACORE_TOKEN: home.token };
    const run = async (...args: string[]) => {
      const answer = await person.run(args, { env });
      assert.equal(answer.code, 0, answer.stderr);
      return answer.stdout;
    };
    return { person, env, folder, run };
  }

  const from = () => new Date(startMs).toISOString();
  const to = () => new Date(startMs + count * minuteMs).toISOString();
  const linesOf = (text: string) => text.trimEnd().split("\n");
  const jsonLines = (text: string) => linesOf(text).map((line) => JSON.parse(line));

  it("is a table of W by DER for people", async (t) => {
    const { run } = await open(t);
    const time = ["--from", from(), "--to", to()];
    const shown = await run("history", "--site", home.siteId, ...time, "--resolution", "15m");
    const [titles = "", ...rows] = linesOf(shown);
    assert.match(titles, /^TIME \(UTC\) +DER +N +W$/);
    const words = rows.map((row) => row.trim().split(/ {2,}/));
    const first = from().slice(0, 19).replace("T", " ");
    assert.deepEqual(words.map((row) => row.slice(1).join(" ")).sort(), [
      ...["grid 15 600", "grid 15 600"],
      ...["roof 15 -2200", "roof 15 -700"],
    ]);
    assert.equal(words[0]?.[0], first);
    assert.ok(!shown.includes("▁"), "bars are for a terminal");
  });

  it("is a line of JSON for each row with --json, and has the fields that were asked for", async (t) => {
    const { run } = await open(t);
    const { derId } = home.ders.meter;
    const shown = await run(
      ...["history", "--der", derId, "--from", from(), "--resolution", "10m", "--json"],
      ...["--fields", "W,total_import_Wh", "--agg", "min,max", "--to", to()],
    );
    const rows = jsonLines(shown);
    assert.equal(rows.length, 3);
    assert.deepEqual(rows[0], {
      ...{ der_id: derId, timestamp: startMs, n: 10, W_min: 600, W_max: 600 },
      ...{ total_import_Wh_min: 1_000, total_import_Wh_max: 1_090 },
    });
  });

  it("has every single reading with --resolution raw", async (t) => {
    const { run } = await open(t);
    const { derId } = home.ders.solar;
    const shown = await run("history", "--der", derId, "--from", from(), "--resolution", "raw");
    assert.deepEqual(
      jsonLines(shown).map(({ timestamp, W }) => [timestamp, W]),
      Array.from({ length: count }, (_, i) => [startMs + i * minuteMs, 0 - i * 100]),
    );
  });

  it("is written to a file whole, in the format that its ending says", async (t) => {
    const { run, folder } = await open(t);
    const base = ["history", "--site", home.siteId, "--from", from(), "--resolution", "1m"];
    const starts = { csv: "der_id,", ndjson: '{"der_id"', parquet: "PAR1", json: '{"from"' };
    for (const [format, start] of Object.entries(starts)) {
      const path = join(folder, `past.${format}`);
      const told = JSON.parse(await run(...base, "--output", path, "--json"));
      const content = await readFile(path);
      assert.equal(content.subarray(0, start.length).toString(), start);
      assert.deepEqual(told, { file: path, format, bytes: content.length });
    }
    const csv = await readFile(join(folder, "past.csv"), "utf8");
    assert.equal(linesOf(csv).length, 1 + 2 * count);
    assert.equal(await run(...base, "--format", "csv"), csv, "the same in a pipe");
    const arrow = join(folder, "past.arrow");
    await run(...base, "--output", arrow);
    assert.equal((await readFile(arrow)).readInt32LE(0), -1, "an Arrow stream's continuation");
    assert.deepEqual((await readdir(folder)).length, 5, "nothing unfinished is left");
  });

  it("leaves a file as it was when the hub refuses", async (t) => {
    const { person, env, folder } = await open(t);
    const path = join(folder, "kept.csv");
    await writeFile(path, "before");
    const wrong = ["--fields", "W", "--resolution", "7m", "--output", path];
    const answer = await person.run(["history", "--site", home.siteId, ...wrong], { env });
    assert.equal(answer.code, 2);
    assert.match(answer.stderr, /resolution/);
    assert.equal(await readFile(path, "utf8"), "before");
    assert.deepEqual(await readdir(folder), ["kept.csv"]);
  });

  it("says what is wrong with what was asked", async (t) => {
    const { person, env } = await open(t);
    for (const [code, args, message] of [
      [2, ["history", "--site", "a", "--der", "b"], /one of --site, --device and --der/],
      [2, ["history", "--site", "a", "--agg", "maen"], /Did you mean mean\?/],
      [2, ["history", "--site", "a", "--output", "x.xls"], /say its format/],
      [2, ["history", "--site", "a", "--resolution", "raw", "--format", "csv"], /raw .* ndjson/],
      [2, ["history", "--site", "a", "--resolution", "raw", "--fields", "W"], /leave --fields out/],
      [5, ["history", "--site", "sit-none"], /no such thing/],
      [5, ["energy", "--site", "sit-none"], /no such thing/],
    ] as const) {
      const answer = await person.run(args, { env });
      assert.deepEqual([answer.code, answer.stdout], [code, ""], answer.stderr);
      assert.match(answer.stderr, message);
    }
  });

  it("is of the only site where none is named, and asks for one where there are several", async (t) => {
    const { person, env, run } = await open(t);
    const time = ["--from", from(), "--to", to()];
    const named = await run("energy", "--site", home.siteId, ...time);
    assert.equal(await run("energy", ...time), named);
    const past = ["history", ...time, "--resolution", "10m", "--json"];
    assert.equal(await run(...past), await run(...past, "--site", home.siteId));
    const devices = await run("device", "list", "--json");
    assert.equal(devices, await run("device", "list", "--site", home.siteId, "--json"));
    const second = JSON.parse(await run("site", "create", "Summer house", "--json"));
    try {
      for (const command of [["history"], ["energy"], ["device", "list"]]) {
        const { code, stderr } = await person.run(command, { env });
        assert.equal(code, 2);
        assert.match(stderr, /has 2 sites; give one by --site/);
        assert.ok(stderr.includes(`  ${second.id}  Summer house\n`), stderr);
      }
    } finally {
      await run("site", "delete", second.id, "--yes");
    }
  });

  it("tells a site's energy by period, and in total", async (t) => {
    const { run } = await open(t);
    const args = ["energy", "--site", home.siteId, "--from", from(), "--to", to()];
    const shown = await run(...args, "--resolution", "15m");
    const [titles = "", ...rows] = linesOf(shown);
    assert.match(titles, /^PERIOD \(UTC\) +IMPORTED kWh +EXPORTED +PRODUCED /);
    const first = rows[0]?.trim().split(/ {2,}/) ?? [];
    assert.equal(first[0], from().slice(0, 16).replace("T", " "));
    assert.equal(first[1], "0.15", "fifteen minutes of 10 Wh each");
    assert.equal(rows.at(-1)?.startsWith("Total"), true);
    const told = JSON.parse(await run(...args, "--json"));
    assert.equal(told.total.imported_kWh, 0.29);
  });
});
