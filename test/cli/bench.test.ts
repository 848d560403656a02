import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Novacore } from "@novacore/client";
import { createPerson, signUp } from "@novacore/simulator";
import { startHub, type TestHub } from "../support/hub.ts";
import { createCommandUser } from "./command.ts";

interface Report {
  readonly seconds: number;
  readonly published: number;
  readonly rejected: number;
  readonly received: number;
  readonly missing: number;
  readonly acknowledgement: Latencies;
  readonly delivery: Latencies;
  readonly machine: { readonly cores: number };
}

interface Latencies {
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

describe("novacore bench", () => {
  let hub: TestHub;
  let env: Readonly<Record<string, string>>;
  let nova: Novacore;

  before(async () => {
    hub = await startHub();
    const { token } = await signUp(hub.url, createPerson());
    env = { NOVACORE_URL: hub.url, NOVACORE_TOKEN: token };
    nova = new Novacore({ baseUrl: hub.url, token });
  });
  after(() => hub?.close());

  async function assertNothingLeft(): Promise<void> {
    for await (const { id } of nova.organizations()) assert.fail(`${id} is left`);
  }

  /** Asks until there is one. */
  async function firstOrganization(): Promise<string> {
    for (;;) {
      for await (const { id } of nova.organizations()) return id;
    }
  }

  for (const [via, transport] of [
    ["mqtt", "websocket"],
    ["nats", "sse"],
    ["http", "websocket"],
  ] as const) {
    it(`measures ${via} in and ${transport} out, and misses nothing`, async (t) => {
      const person = await createCommandUser(t);
      const how = ["--via", via, "--transport", transport, "--seconds", "1", "--rate", "50"];
      const report = await person.json<Report>(["bench", ...how], { env });
      assert.ok(report.published > 0 && report.published <= 50);
      assert.equal(report.received, report.published);
      assert.deepEqual([report.rejected, report.missing], [0, 0]);
      for (const { p50_ms, p95_ms, p99_ms, max_ms } of [report.acknowledgement, report.delivery]) {
        assert.ok(0 < p50_ms && p50_ms <= p95_ms && p95_ms <= p99_ms && p99_ms <= max_ms);
      }
      assert.ok(report.machine.cores > 0);
      await assertNothingLeft();
    });
  }

  it("goes as fast as the hub acknowledges, and tells people in rows", async (t) => {
    const person = await createCommandUser(t);
    const { code, stdout, stderr } = await person.run(
      ["bench", "--rate", "max", "--seconds", "1"],
      { env },
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Machine +\S.*\d+ cores, \d+ GiB, .*Node \d+/m);
    assert.match(stdout, /^ {2}missing +0$/m);
    assert.match(stdout, /^ {2}latency +p50 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms, most/m);
    await assertNothingLeft();
  });

  it("deletes what it made at Ctrl-C", async (t) => {
    const person = await createCommandUser(t);
    const program = person.start(["bench", "--seconds", "3600"], { env });
    const early = program.ended.then(() => assert.fail(`it ended: ${program.stderr()}`));
    const stream = nova.org(await Promise.race([firstOrganization(), early])).readings();
    await Promise.race([stream.next(), early]);
    stream.close();
    early.catch(() => undefined);
    program.signal("SIGINT");
    assert.equal((await program.ended).code, 130, program.stderr());
    await assertNothingLeft();
  });

  it("leaves hubs on other machines alone, unless they are said to be one's own", async (t) => {
    const person = await createCommandUser(t);
    const elsewhere = { ...env, NOVACORE_URL: "http://hub.invalid" };
    const refused = await person.run(["bench"], { env: elsewhere });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /--i-own-this-hub/);
    const tried = await person.run(["bench", "--i-own-this-hub"], { env: elsewhere });
    assert.equal(tried.code, 6, tried.stderr);
  });
});
