import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { Novacore } from "@novacore/client";
import { createVirtualGateway } from "@novacore/simulator";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { createCommandUser } from "./command.ts";

describe("novacore publish", () => {
  let hub: TestHub;
  let home: Home;
  let nova: Novacore;
  /** Every reading has an instant of its own, all in the last hour. */
  let nextMs = Math.floor(Date.now() / 1_000) * 1_000 - 3_600_000;

  before(async () => {
    hub = await startHub();
    home = await createHome(hub);
    nova = new Novacore({ baseUrl: hub.url, token: home.token });
  });
  after(() => hub?.close());

  async function open(t: TestContext) {
    const person = await createCommandUser(t);
    const folder = await mkdtemp(join(tmpdir(), "novacore-publish-test-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const { gateway } = home;
    const keyFile = join(folder, "key.pem");
    const pem = gateway.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    await writeFile(keyFile, pem, { mode: 0o600 });
    const args = ["publish", "--serial", gateway.serial, "--key", keyFile];
    return { person, folder, args, pem, env: { NOVACORE_URL: hub.url } };
  }

  const linesOf = (text: string) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  const meterReading = (W: number) => {
    nextMs += 1_000;
    return { hardware_id: "ep:10.0.0.7:502", der: "grid", type: "meter", timestamp: nextMs, W };
  };
  const ndjson = (readings: readonly object[]) =>
    readings.map((reading) => `${JSON.stringify(reading)}\n`).join("");

  async function storedPowers(
    from: number,
    count: number,
  ): Promise<readonly (number | undefined)[]> {
    const stream = nova.der(home.ders.meter.derId).readings({ since: 0 });
    const powers: (number | undefined)[] = [];
    for await (const { timestamp, W } of stream) {
      if (timestamp >= from) powers.push(W);
      if (powers.length === count) break;
    }
    return powers;
  }

  for (const via of ["http", "nats", "mqtt"] as const) {
    it(`publishes NDJSON over ${via}, and answers for each line in their order`, async (t) => {
      const { person, args, env, folder } = await open(t);
      const readings = Array.from({ length: 50 }, (_, W) => meterReading(W));
      const answer = await person.run([...args, "--via", via, "--json"], {
        env: { ...env, TMPDIR: folder },
        stdin: ndjson(readings),
      });
      assert.equal(answer.code, 0, answer.stderr);
      const told = linesOf(answer.stdout);
      assert.deepEqual(
        told.map(({ index, timestamp }) => [index, timestamp]),
        readings.map(({ timestamp }, index) => [index, timestamp]),
      );
      const status = via === "mqtt" ? "acknowledged" : "stored";
      for (const each of told) assert.equal(each.status, status);
      const from = readings[0]?.timestamp ?? 0;
      assert.deepEqual(
        await storedPowers(from, readings.length),
        readings.map(({ W }) => W),
      );
      assert.deepEqual(await readdir(folder), ["key.pem"], "the spool is gone");
    });
  }

  it("takes one reading as an argument, of now, and says it again as a duplicate", async (t) => {
    const { person, args, env, pem } = await open(t);
    const address = ["--hardware-id", "sungrow:A1", "--der", "roof"];
    const beforeMs = Date.now();
    const first = await person.run([...args, ...address, '{"type":"pv","W":-7}', "--json"], {
      env,
    });
    const [{ status, timestamp, durability, cursor }] = linesOf(first.stdout);
    assert.equal(status, "stored");
    assert.ok(timestamp >= beforeMs && timestamp <= Date.now());
    assert.equal(durability, "fsync");
    assert.match(cursor, /^[\w-]+$/);
    const same = JSON.stringify({ type: "pv", W: -7, timestamp });
    const second = await person.run(
      ["publish", "--serial", home.gateway.serial, "--key", "-", ...address, same],
      { env, stdin: pem },
    );
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stdout, /^1 {2}duplicate {2}sungrow:A1\/roof {2}\d{4}-.*Z {2}fsync\n$/);
  });

  it("stamps lines of a pipe that have no time, each with its own", async (t) => {
    const { person, args, env } = await open(t);
    const address = ["--hardware-id", "sungrow:A1", "--der", "roof"];
    const stdin = '{"type":"pv","W":-1}\n{"type":"pv","W":-2}\n{"type":"pv","W":-3}\n';
    const without = await person.run([...args, ...address], { env, stdin });
    assert.equal(without.code, 1);
    assert.match(without.stdout, /timestamp_missing.*--stamp/);
    const beforeMs = Date.now();
    const answer = await person.run([...args, ...address, "--stamp", "--json"], { env, stdin });
    const told = linesOf(answer.stdout);
    assert.deepEqual(
      told.map(({ status }) => status),
      ["stored", "stored", "stored"],
    );
    for (const { timestamp } of told) assert.ok(timestamp >= beforeMs);
    assert.equal(new Set(told.map(({ timestamp }) => timestamp)).size, 3);
  });

  it("ends with 1 when one was rejected, and says which, why, and which member", async (t) => {
    const { person, args, env } = await open(t);
    const good = meterReading(1);
    const readings = [
      ndjson([good, { ...meterReading(2), der: "cellar" }, { ...meterReading(3), Hz: -50 }]),
      "no JSON\n",
      "\n",
      ndjson([{ ...meterReading(4), type: "wind" }, good]),
    ];
    const answer = await person.run([...args, "--json"], { env, stdin: readings.join("") });
    assert.equal(answer.code, 1);
    const told = linesOf(answer.stdout);
    assert.deepEqual(
      told.map(({ index, status, error, path }) => [index, status, error, path]),
      [
        [0, "stored", undefined, undefined],
        [1, "rejected", "der_unknown", undefined],
        [2, "rejected", "reading_out_of_range", "/Hz"],
        [3, "rejected", "reading_malformed", undefined],
        [4, "rejected", "type_unknown", undefined],
        [5, "duplicate", undefined, undefined],
      ],
    );
    assert.match(JSON.parse(answer.stderr).message, /4 of 6 readings were not taken/);
  });

  it("gives up on a hub that is away, keeps what it has in its spool, and sends it later", async (t) => {
    const { person, args, env, folder } = await open(t);
    const spool = ["--spool", join(folder, "spool"), "--json"];
    const readings = [meterReading(11), meterReading(12)];
    const away = await person.run([...args, ...spool, "--wait", "1s"], {
      env: { NOVACORE_URL: "http://127.0.0.1:1" },
      stdin: ndjson(readings),
    });
    assert.equal(away.code, 6, away.stderr);
    assert.deepEqual(
      linesOf(away.stdout).map(({ status }) => status),
      ["spooled", "spooled"],
    );
    const later = meterReading(13);
    const there = await person.run([...args, ...spool], { env, stdin: ndjson([later]) });
    assert.equal(there.code, 0, there.stderr);
    assert.deepEqual(await storedPowers(readings[0]?.timestamp ?? 0, 3), [11, 12, 13]);
  });

  it("says what is wrong with the command line, the key, or the gateway", async (t) => {
    const { person, args, env, folder } = await open(t);
    const noKey = join(folder, "none.pem");
    const stranger = createVirtualGateway();
    const strangerKey = join(folder, "stranger.pem");
    const pem = stranger.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    await writeFile(strangerKey, pem, { mode: 0o600 });
    const reading = '{"type":"pv","W":-7,"hardware_id":"a","der":"b"}';
    for (const [code, given, message] of [
      [2, ["publish", "--serial", "s", reading], /--key is missing/],
      [2, ["publish", "--serial", "s", "--key", "-"], /the key comes on stdin/],
      [1, ["publish", "--serial", "s", "--key", noKey, reading], /none\.pem/],
      [2, [...args, "--via", "mqqt", reading], /Did you mean mqtt\?/],
      [
        3,
        ["publish", "--serial", stranger.serial, "--key", strangerKey, "--wait", "5s", reading],
        /No ES256 key of sim-\w+ is on record/,
      ],
    ] as const) {
      const answer = await person.run(given, { env });
      assert.equal(answer.code, code, answer.stderr);
      assert.match(answer.stderr, message);
      const lines = answer.stderr.split("\n").filter((line) => message.test(line));
      assert.ok(lines.length <= 2, `said once, and at the end: ${answer.stderr}`);
    }
  });
});
