import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Novacore } from "@novacore/client";
import { createPerson, signUp } from "@novacore/simulator";
import { startHub, type TestHub } from "../support/hub.ts";
import { createCommandUser } from "./command.ts";

interface Summary {
  readonly org_id: string;
  readonly homes: readonly { readonly site_id: string; readonly gateway_serial: string }[];
  readonly from: string;
  readonly to: string;
  readonly measured: number;
  readonly dropped: number;
  readonly sent: number;
  readonly late: number;
  readonly copies: number;
  readonly acknowledged: number;
  readonly stored: number | null;
  readonly rejections: Readonly<Record<string, number>> | null;
  readonly found: { readonly stored: number; readonly missing: number } | null;
  readonly interrupted: boolean;
}

describe("novacore simulate", () => {
  let hub: TestHub;
  let nova: Novacore;
  let env: Readonly<Record<string, string>>;

  before(async () => {
    hub = await startHub();
    const { token } = await signUp(hub.url, createPerson());
    env = { NOVACORE_URL: hub.url, NOVACORE_TOKEN: token };
    nova = new Novacore({ baseUrl: hub.url, token });
  });
  after(() => hub?.close());

  it("fills a hub with what its summary says", async (t) => {
    const person = await createCommandUser(t);
    const faults = "drop=0.1,late=0.1,duplicate=0.1,drift=-30s,dialect=mixed";
    const size = ["--homes", "3", "--hours", "2", "--every", "1m", "--speed", "max"];
    const summary = await person.json<Summary>(
      ["simulate", ...size, "--faults", faults, "--seed", "9", "--verify"],
      { env },
    );
    const { measured, dropped, sent, late, copies, acknowledged, found, homes } = summary;
    assert.equal(measured, 3 * 120 * 4);
    for (const each of [dropped, late, copies]) assert.ok(each > 0);
    assert.equal(sent, measured - dropped + copies);
    assert.equal(acknowledged, sent);
    assert.deepEqual(found, { stored: measured - dropped, refused: {}, missing: 0 });
    const drift = -30_000;
    const from = Date.parse(summary.from) + drift;
    const to = Date.parse(summary.to) + drift;
    let readings = 0;
    for (const { site_id } of homes) {
      for await (const { timestamp } of nova.site(site_id).pastReadings({ from, to })) {
        assert.equal((timestamp - from) % 60_000, 0, "half a minute behind the whole one");
        readings += 1;
      }
    }
    assert.equal(readings, found.stored);
  });

  it("sends the same again by the same seed, and tells people so in rows", async (t) => {
    const person = await createCommandUser(t);
    const args = ["simulate", "--hours", "1", "--every", "1m", "--speed", "max", "--via", "http"];
    const faults = ["--faults", "drop=0.2,duplicate=0.2", "--clean"];
    const counts = [];
    for (const seed of ["1", "1", "2"]) {
      const summary = await person.json<Summary>([...args, ...faults, "--seed", seed], { env });
      assert.equal(summary.stored, summary.measured - summary.dropped);
      counts.push([summary.dropped, summary.copies]);
    }
    assert.deepEqual(counts[0], counts[1]);
    assert.notDeepEqual(counts[0], counts[2]);
    const { stdout, stderr } = await person.run([...args, ...faults], { env });
    assert.equal(stderr, "");
    assert.match(stdout, /^Organization +org-\S+ \(deleted\)$/m);
    assert.match(stdout, new RegExp(`^ {2}dropped +${counts[0]?.[0]}$`, "m"));
  });

  it("deletes what it made at Ctrl-C, and says how far it got", async (t) => {
    const person = await createCommandUser(t);
    const org = await nova.createOrganization({ name: "Given" });
    const stream = nova.org(org.id).readings();
    const first = stream.next();
    const size = ["--every", "1s", "--speed", "2x", "--hours", "24"];
    const program = person.start(["simulate", ...size, "--clean", "--org", org.id, "--json"], {
      env,
    });
    assert.equal((await first).done, false);
    stream.close();
    program.signal("SIGINT");
    const { code } = await program.ended;
    assert.equal(code, 130, program.stderr());
    const { interrupted, acknowledged, found }: Summary = JSON.parse(program.stdout());
    assert.deepEqual([interrupted, found], [true, null]);
    assert.ok(acknowledged > 0);
    for await (const { id } of nova.org(org.id).sites()) assert.fail(`site ${id} is left`);
  });

  it("tells what the hub refused, and why", async (t) => {
    const person = await createCommandUser(t);
    const args = ["simulate", "--hours", "1", "--every", "1m", "--speed", "max", "--via", "http"];
    const answer = await person.run(
      [...args, "--faults", "drift=2h", "--clean", "--verify", "--json"],
      { env },
    );
    const summary: Summary = JSON.parse(answer.stdout);
    assert.deepEqual(summary.rejections, { reading_in_future: summary.sent });
    assert.deepEqual(summary.found, {
      ...{ stored: 0, refused: { reading_in_future: summary.sent }, missing: 0 },
    });
    assert.equal(answer.code, 0, "what was told is not missing");
  });

  it("says what is wrong before it makes anything", async (t) => {
    const person = await createCommandUser(t);
    for (const [args, message] of [
      [["--faults", "dorp=1"], /Did you mean drop\?/],
      [["--speed", "fast"], /60x for an hour in a minute/],
      [["--speed", "max", "--from", "1h", "--hours", "2"], /end in the future/],
      [["--speed", "max", "--from", "9d"], /--via http or nats/],
      [["--from", "2023-12-31", "--via", "http", "--speed", "max"], /begin in 2024/],
      [["--homes", "0"], /1 to 1000/],
    ] as const) {
      const answer = await person.run(["simulate", ...args], { env });
      assert.equal(answer.code, 2, answer.stderr);
      assert.match(answer.stderr, message);
    }
  });
});
