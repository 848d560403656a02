import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { limits } from "../limits.ts";
import type { EventBatch } from "./batch.ts";
import { DeliveredEvent } from "./event.ts";
import { Groups, momentMs } from "./group.ts";
import { SiteFeed } from "./site-feed.ts";

function setUp() {
  const budget = { usedBytes: 0, bytesMax: 1e9 };
  const feed = new SiteFeed({ orgId: "o", siteId: "s" }, { ageMs: 1e9, bytesMax: 1e9 }, budget);
  feed.goLive(0);
  let sequence = 0;
  const publish = (text = "") => {
    sequence++;
    const address = { orgId: "o", siteId: "s", deviceId: "d", derId: "der" };
    const payload = Buffer.from(`{"type":"pv","timestamp":1,"text":"${text}"}`);
    feed.deliver(new DeliveredEvent(1, sequence, address, payload), 0);
  };
  const groups = new Groups(() => undefined);
  const member = () => {
    const got: number[][] = [];
    const deliver = (batch: EventBatch) => got.push(batch.events.map(({ sequence: s }) => s));
    return { got, deliver };
  };
  const join = (member: { deliver(batch: EventBatch): void }, gatherMs: number) =>
    groups.join(`key;${gatherMs}`, { feeds: [feed], matches: undefined, gatherMs }, member);
  return { feed, groups, publish, member, join };
}

test("what arrives within a moment is handed out together, what is gathered when its time is over", (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const { publish, member, join } = setUp();
  const [quick, patient] = [member(), member()];
  join(quick, momentMs);
  join(patient, 500);
  publish();
  publish();
  assert.deepEqual([quick.got, patient.got], [[], []]);
  mock.timers.tick(momentMs);
  publish();
  mock.timers.tick(momentMs);
  assert.deepEqual(quick.got, [[1, 2], [3]]);
  assert.deepEqual(patient.got, []);
  mock.timers.tick(500);
  assert.deepEqual(patient.got, [[1, 2, 3]]);
});

test("more than may be gathered goes out at once", (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const { publish, member, join } = setUp();
  const patient = member();
  join(patient, 10_000);
  const third = "x".repeat(limits.gatheredBytesMax / 3);
  for (let i = 0; i < 4; i++) publish(third);
  assert.deepEqual(patient.got, [[1, 2, 3]]);
  mock.timers.tick(10_000);
  assert.deepEqual(patient.got, [[1, 2, 3], [4]]);
});

test("whoever joins gets what comes after, whoever leaves gets what came before", () => {
  const { feed, groups, publish, member, join } = setUp();
  const [first, second] = [member(), member()];
  const firstPlace = join(first, 10_000);
  publish();
  const secondPlace = join(second, 10_000);
  assert.deepEqual([first.got, second.got], [[[1]], []]);
  publish();
  firstPlace.leave();
  publish();
  secondPlace.leave();
  assert.deepEqual(first.got, [[1], [2]]);
  assert.deepEqual(second.got, [[2], [3]]);
  assert.equal(groups.size, 0);
  assert.equal(feed.listeners.size, 0);
});

test("whoever joins when the last one leaves over what it is handed, is in a group that lives", () => {
  const { groups, publish, member, join } = setUp();
  const last = {
    deliver: (_batch: EventBatch): void => lastPlace.leave(),
  };
  const lastPlace = join(last, 10_000);
  publish();
  const next = member();
  const nextPlace = join(next, 10_000);
  publish();
  nextPlace.leave();
  assert.deepEqual(next.got, [[2]]);
  assert.equal(groups.size, 0);
});
