import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { createCommandUser } from "./command.ts";

describe("novacore replay", () => {
  let hub: TestHub;
  let home: Home;
  /** Every reading has an instant and a power of its own. */
  let published = 0;
  let startMs: number;

  before(async () => {
    hub = await startHub();
    home = await createHome(hub);
    startMs = Date.now() - 3_600_000;
  });
  after(() => hub?.close());

  async function publish(count: number): Promise<void> {
    for (let i = 0; i < count; i++, published++) {
      const timestamp = startMs + published * 1_000;
      await home.publish("meter", { type: "meter", timestamp, W: published });
    }
  }

  async function open(t: TestContext) {
    const person = await createCommandUser(t);
    const folder = await mkdtemp(join(tmpdir(), "novacore-replay-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const env = { NOVACORE_URL: hub.url, NOVACORE_TOKEN: home.token };
    const args = ["replay", "--site", home.siteId];
    const powers = async (...others: string[]): Promise<number[]> => {
      const { code, stdout, stderr } = await person.run([...args, ...others], { env });
      assert.equal(code, 0, stderr);
      return powersIn(stdout);
    };
    return { person, folder, file: join(folder, "position"), env, args, powers };
  }

  const powersIn = (text: string): number[] =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line).W);
  const range = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => from + index);

  it("gives out what there is, and ends", async (t) => {
    const { powers } = await open(t);
    const first = published;
    await publish(20);
    assert.deepEqual((await powers("--since", "1h")).slice(first), range(first, published));
    assert.deepEqual(await powers("--since", "1h", "--types", "pv"), []);
    assert.deepEqual(await powers("--since", "1h", "--transport", "sse"), range(0, published));
  });

  it("goes on where the last run stopped: each reading once, whatever came between", async (t) => {
    const { powers, file, folder } = await open(t);
    const run = () => powers("--since", "1h", "--cursor-file", file);
    const seen = await run();
    for (const count of [3, 0, 25, 1]) {
      await publish(count);
      seen.push(...(await run()));
    }
    assert.deepEqual(seen, range(0, published));
    assert.deepEqual(await readdir(folder), ["position"], "nothing unfinished is left");
    const cursor = (await readFile(file, "utf8")).trim();
    await publish(2);
    assert.deepEqual(await powers("--cursor", cursor), range(published - 2, published));
  });

  it("goes on after an interruption behind the last line that it wrote", async (t) => {
    const { person, env, args, powers, file } = await open(t);
    await publish(5);
    const fromFile = ["--since", "1h", "--cursor-file", file];
    // At a thousandth of the pace the second reading takes until long after the test.
    const program = person.start([...args, ...fromFile, "--speed", "0.001"], { env });
    await program.until("a reading is written", () => program.stdout().includes("\n"));
    program.signal("SIGINT");
    assert.equal((await program.ended).code, 130);
    const seen = [...powersIn(program.stdout()), ...(await powers(...fromFile))];
    assert.deepEqual(seen, range(0, published));
  });

  it("misses nothing after a kill -9", async (t) => {
    const { person, env, args, powers, file } = await open(t);
    await publish(5);
    const fromFile = ["--since", "1h", "--cursor-file", file];
    const program = person.start([...args, ...fromFile, "--speed", "0.001"], { env });
    await program.until("a reading is written", () => program.stdout().includes("\n"));
    program.signal("SIGKILL");
    await program.ended;
    const seen = new Set([...powersIn(program.stdout()), ...(await powers(...fromFile))]);
    assert.deepEqual([...seen], range(0, published));
  });

  it("gives out all at whatever pace", async (t) => {
    const { powers } = await open(t);
    await publish(3);
    assert.deepEqual(await powers("--since", "1h", "--speed", "100"), range(0, published));
  });

  it("fails at the end where the hub does not have the position any more", async (t) => {
    const { person, env, args, file } = await open(t);
    const elsewhere = await startHub();
    t.after(() => elsewhere.close());
    const other = await createHome(elsewhere);
    await other.publish("meter", { type: "meter", timestamp: Date.now(), W: 1 });
    const otherEnv = { NOVACORE_URL: elsewhere.url, NOVACORE_TOKEN: other.token };
    const since = ["--since", "1h", "--cursor-file", file];
    const first = await person.run(["replay", "--site", other.siteId, ...since], {
      env: otherEnv,
    });
    assert.equal(first.code, 0, first.stderr);
    const answer = await person.run([...args, "--cursor-file", file], { env });
    assert.equal(answer.code, 1);
    assert.match(answer.stderr, /may be missing.*cursor_epoch_changed/);
    const next = await person.run([...args, "--cursor-file", file], { env });
    assert.equal(next.code, 0, "it has been said, and the position is a good one now");
  });

  it("says what is wrong with what was asked", async (t) => {
    const { person, env, args, file } = await open(t);
    await writeFile(file, "not a cursor\n");
    for (const [code, given, message] of [
      [2, args, /--since or --cursor/],
      [1, [...args, "--cursor-file", file], /holds no cursor/],
      [5, ["replay", "--site", "sit-none", "--since", "1h"], /./],
    ] as const) {
      const answer = await person.run(given, { env });
      assert.deepEqual([answer.code, answer.stdout], [code, ""], answer.stderr);
      assert.match(answer.stderr, message);
    }
  });
});
