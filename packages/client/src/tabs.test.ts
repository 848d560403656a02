import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeCursor } from "@novacore/protocol";
import { NovacoreError } from "./errors.ts";
import { FakeHub, readingAt } from "./fake-hub.ts";
import { FakeTabs } from "./fake-tabs.ts";
import { createTabsTransport } from "./tabs.ts";
import type { Arrival, Connection, Opening } from "./transport.ts";

const baseUrl = "https://hub.example";
const lost = new NovacoreError("connection_lost", "It is gone.");

/** The cursor of a position in the stream. */
function at(sequence: number): string {
  return encodeCursor({ epoch: 1, sequence });
}

/** A reading, whose timestamp is its position. */
function reading(sequence: number): Arrival {
  return { kind: "readings", readings: [readingAt(sequence)], cursor: at(sequence) };
}

const begun = (sequence: number): Arrival[] => [
  { kind: "opened" },
  { kind: "position", cursor: at(sequence) },
];

/** A hub, and the tabs of a browser that ask it. */
function start() {
  const hub = new FakeHub();
  const tabs = new FakeTabs();
  const transport = createTabsTransport(hub.parts.transport, baseUrl, tabs);
  const openTab = (wish: Partial<Opening> = {}) => new Tab(wish, (each) => transport.open(each));
  /** Has a connection tell something; waits for what follows from it. */
  const tell = async (connection: number, ...arrivals: Arrival[]) => {
    (await hub.connection(connection))(...arrivals);
    await settle();
  };
  return { hub, tabs, openTab, tell };
}

class Tab {
  readonly arrivals: Arrival[] = [];
  readonly connection: Connection;

  constructor(wish: Partial<Opening>, open: (opening: Opening) => Connection) {
    this.connection = open({
      ...{ target: { sites: ["s"] }, selection: {}, credit: 100 },
      credential: tokenOf("idt-1"),
      ...wish,
      take: (arrival) => this.arrivals.push(arrival),
    });
  }

  get timestamps(): number[] {
    return this.arrivals.flatMap((arrival) =>
      arrival.kind === "readings" ? arrival.readings.map(({ timestamp }) => timestamp) : [],
    );
  }

  kinds(kind: Arrival["kind"]): Arrival[] {
    return this.arrivals.filter((arrival) => arrival.kind === kind);
  }
}

function tokenOf(identity: string, rest = "") {
  const claims = btoa(JSON.stringify({ sub: identity, rest }));
  return { kind: "token", token: `head.${claims}.signature` } as const;
}

/** Whatever follows without waiting for anything has happened by then. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("the first tab leads, and follows its own feed; a second one joins it", async () => {
  const { hub, openTab, tell } = start();
  const first = openTab();
  await tell(1, ...begun(5));
  assert.equal(hub.openings.length, 2, "the feed has a connection");
  await tell(2, ...begun(5));
  assert.equal(hub.closed, 1, "and the tab none of its own");
  const second = openTab();
  await tell(3, ...begun(5));
  assert.equal(hub.closed, 2);
  await tell(2, reading(6), reading(7));
  assert.deepEqual(
    [first.timestamps, second.timestamps],
    [
      [6, 7],
      [6, 7],
    ],
  );
  assert.equal(hub.openings.length - hub.closed, 1);
});

test("a tab that wants the past gets its own, and then goes on with all, without gap or copy", async () => {
  const { hub, openTab, tell } = start();
  openTab();
  await tell(1, ...begun(5));
  await tell(2, ...begun(5), reading(6));
  const late = openTab({ resumeFrom: at(2) });
  assert.equal(hub.openings[2]?.resumeFrom, at(2));
  await tell(3, { kind: "opened" }, { kind: "position", cursor: at(2) }, reading(3), reading(4));
  await tell(2, reading(7), reading(8));
  await tell(3, reading(6), { kind: "caught_up", cursor: at(6) });
  assert.equal(hub.closed, 2, "it has come to where the feed was when it heard of it");
  await tell(2, reading(9));
  assert.deepEqual(late.timestamps, [3, 4, 6, 7, 8, 9]);
});

test("a snapshot comes whole before the tab joins", async () => {
  const { hub, openTab, tell } = start();
  openTab();
  await tell(1, ...begun(5));
  await tell(2, ...begun(5));
  const late = openTab({ selection: { snapshot: true } });
  const old = { kind: "readings", readings: [readingAt(1)], cursor: at(5) } as const;
  await tell(3, ...begun(5), old);
  assert.equal(hub.closed, 1);
  await tell(3, { ...old, readings: [readingAt(2)] }, { kind: "caught_up", cursor: at(5) });
  assert.equal(hub.closed, 2);
  assert.deepEqual(late.timestamps, [1, 2]);
  assert.equal(hub.openings[1]?.selection.snapshot, undefined, "the feed has none");
});

test("when the leader goes, another one goes on from where the feed was", async () => {
  const { hub, openTab, tell } = start();
  const first = openTab();
  await tell(1, ...begun(5));
  await tell(2, ...begun(5));
  const others = [openTab(), openTab()];
  await tell(3, ...begun(5));
  await tell(4, ...begun(5));
  await tell(2, reading(6));
  first.connection.close();
  await settle();
  assert.deepEqual([hub.openings.length, hub.openings[4]?.resumeFrom], [5, at(6)]);
  await tell(5, ...begun(6), reading(7), { kind: "caught_up", cursor: at(7) }, reading(8));
  for (const tab of others) assert.deepEqual(tab.timestamps, [6, 7, 8]);
  assert.equal(hub.openings.length - hub.closed, 1);
});

test("a step that was lost is noticed, and the tab has it by a connection of its own", async () => {
  const { hub, tabs, openTab, tell } = start();
  openTab();
  await tell(1, ...begun(5));
  await tell(2, ...begun(5));
  const second = openTab();
  await tell(3, ...begun(5));
  tabs.loses = (message) => message.kind === "step" && message.to === at(6);
  await tell(2, reading(6), reading(7));
  assert.equal(hub.openings[3]?.resumeFrom, at(5));
  await tell(4, ...begun(5), reading(6), reading(7), { kind: "caught_up", cursor: at(7) });
  await tell(2, reading(8));
  assert.deepEqual(second.timestamps, [6, 7, 8]);
  assert.equal(hub.openings.length - hub.closed, 1);
});

test("a reading that comes late, where the feed has been already, is handed on", async () => {
  const { openTab, tell } = start();
  const tab = openTab();
  await tell(1, ...begun(5));
  await tell(2, ...begun(5), reading(8));
  await tell(2, { kind: "readings", readings: [readingAt(7)], cursor: at(8) });
  assert.deepEqual(tab.timestamps, [8, 7]);
});

test("a slow tab holds up nobody, and goes on at its own pace", async () => {
  const { hub, openTab, tell } = start();
  const fast = openTab({ credit: 10_000 });
  await tell(1, ...begun(0));
  await tell(2, ...begun(0));
  const slow = openTab({ credit: 2 });
  await tell(3, ...begun(0));
  const sequences = Array.from({ length: 1_500 }, (_, index) => index + 1);
  await tell(2, ...sequences.map(reading));
  assert.equal(fast.timestamps.length, 1_500);
  assert.equal(hub.allowed, 1_500, "the feed waits for no tab");
  assert.deepEqual(slow.timestamps, [1, 2]);
  assert.equal(slow.kinds("held").length, 1, "it is told that nothing is read");
  slow.connection.allow(3);
  const opening = hub.openings[3];
  assert.deepEqual([opening?.resumeFrom, opening?.credit], [at(2), 3]);
  await tell(4, ...begun(2), reading(3), reading(4), reading(5));
  assert.deepEqual(slow.timestamps, [1, 2, 3, 4, 5]);
});

test("what a tab has no credit for waits until it has", async () => {
  const { hub, openTab, tell } = start();
  openTab();
  await tell(1, ...begun(0));
  await tell(2, ...begun(0));
  const slow = openTab({ credit: 1 });
  await tell(3, ...begun(0));
  await tell(2, reading(1), reading(2), reading(3));
  assert.deepEqual(slow.timestamps, [1]);
  slow.connection.allow(2);
  assert.deepEqual(slow.timestamps, [1, 2, 3]);
  assert.equal(hub.openings.length, 3, "it needs no connection for that");
});

test("the end of the feed ends the leader's stream alone, with the reason", async () => {
  const { openTab, tell } = start();
  const first = openTab();
  await tell(1, ...begun(5));
  await tell(2, ...begun(5));
  const second = openTab();
  await tell(3, ...begun(5));
  await tell(2, { kind: "closed", error: lost });
  assert.deepEqual(first.kinds("closed"), [{ kind: "closed", error: lost }]);
  assert.deepEqual(second.kinds("closed"), []);
  await tell(4, ...begun(5), reading(6));
  assert.deepEqual(second.timestamps, [6]);
});

test("when the stream is another one, every tab asks the hub itself", async () => {
  const { hub, openTab, tell } = start();
  openTab();
  await tell(1, ...begun(5));
  await tell(2, ...begun(5));
  const second = openTab();
  await tell(3, ...begun(5));
  const reset = { reason: "cursor_epoch_changed", oldest: at(0), newest: at(0) } as const;
  await tell(2, { kind: "reset", reset });
  // Told by the leader, the second one is the first to ask.
  assert.deepEqual(
    hub.openings.slice(3).map(({ resumeFrom }) => resumeFrom),
    [at(5), at(5)],
  );
  await tell(4, { kind: "opened" }, { kind: "reset", reset });
  assert.equal(second.kinds("reset").length, 1);
});

test("nothing is shared between identities, streams and hubs, and no token is said", async () => {
  const { tabs, openTab, tell } = start();
  openTab();
  openTab({ credential: tokenOf("idt-1", "another token of the same") });
  openTab({ credential: tokenOf("idt-2") });
  openTab({ selection: { types: ["pv"] } });
  openTab({ credential: { kind: "ticket", ticket: "one" } });
  openTab({ credential: { kind: "token", token: "opaque" } });
  for (let tab = 1; tab <= 6; tab++) await tell(tab, ...begun(5));
  await tell(7, ...begun(5), reading(6));
  assert.equal(new Set(tabs.names).size, 5, "only the first two have a name in common");
  assert.equal(tabs.names[0], tabs.names[1]);
  const said = JSON.stringify([tabs.names, tabs.said]);
  assert.doesNotMatch(said, /idt-|signature|opaque|ticket/);
});

test("a tab hears nothing, and leads nobody, before the hub has taken its credential", async () => {
  const { hub, tabs, openTab, tell } = start();
  const tab = openTab();
  await settle();
  assert.deepEqual([tabs.names, hub.openings.length], [[], 1]);
  const error = new NovacoreError("unauthenticated", "No.");
  await tell(1, { kind: "closed", error });
  assert.deepEqual([tabs.names, hub.openings.length], [[], 1]);
  assert.deepEqual(tab.arrivals, [{ kind: "closed", error }]);
});

test("what the hub tells each for itself has a connection of its own", async () => {
  const { hub, tabs, openTab, tell } = start();
  const selections = [{ liveness: true }, { mode: "latest" }, { min_interval_ms: 1_000 }] as const;
  for (const selection of selections) openTab({ selection });
  openTab({ credential: undefined });
  for (let tab = 1; tab <= 4; tab++) await tell(tab, ...begun(5));
  assert.deepEqual([tabs.names, hub.openings.length, hub.closed], [[], 4, 0]);
});

test("a token that ends is renewed for the feed as well", async () => {
  const { hub, openTab, tell } = start();
  const tab = openTab();
  await tell(1, ...begun(5));
  await tell(2, ...begun(5), { kind: "expiring" });
  assert.equal(tab.kinds("expiring").length, 1);
  tab.connection.refresh(tokenOf("idt-1", "newer"));
  assert.deepEqual(hub.refreshes, [tokenOf("idt-1", "newer")]);
});

test("closed tabs leave no connection, channel or leader behind", async () => {
  const { hub, tabs, openTab, tell } = start();
  const opened = [openTab(), openTab(), openTab()];
  await tell(1, ...begun(5));
  await tell(2, ...begun(5));
  for (const { connection } of opened) connection.close();
  await settle();
  assert.deepEqual([hub.openings.length - hub.closed, tabs.names], [0, []]);
});
