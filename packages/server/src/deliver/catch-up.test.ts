import assert from "node:assert/strict";
import { test } from "node:test";
import { enrichedSubject } from "@novacore/protocol";
import type { EventBatch } from "./batch.ts";
import { CatchUp } from "./catch-up.ts";
import type { Outlet } from "./outlet.ts";
import { SiteFeed } from "./site-feed.ts";
import { Turnstile } from "./turnstile.ts";

const limits = { ageMs: 1e9, bytesMax: 1e6 };
const budget = { usedBytes: 0, bytesMax: 1e9 };

function siteFeed(siteId: string, liveFrom: number): SiteFeed {
  const feed = new SiteFeed({ orgId: "org-1", siteId }, limits, budget);
  feed.goLive(liveFrom);
  return feed;
}

/** A stream that answers a read only when it is let. */
function createReader(sites: readonly string[]) {
  const { promise: isOpen, resolve: open } = Promise.withResolvers<void>();
  const messages = sites.map((siteId, index) => ({
    sequence: index + 1,
    lastSequence: 0,
    subject: enrichedSubject({ orgId: "org-1", siteId, deviceId: "d", derId: `der-${siteId}` }),
    payload: Buffer.from(`{"type":"pv","timestamp":1,"W":1}`),
  }));
  return {
    open,
    async read(filter: string, from: number) {
      await isOpen;
      const site = filter.split(".")[3];
      const found = messages.filter(
        ({ sequence, subject }) => sequence >= from && subject.split(".")[3] === site,
      );
      return { messages: found, isExhausted: true };
    },
    readLast: async () => ({ messages: [], isExhausted: true }),
    bounds: async () => ({ epoch: 1, oldest: 1, newest: messages.length }),
  };
}

test("a site that comes in while a batch is being read loses nothing of what lies behind it", async () => {
  const [a, b] = [siteFeed("a", 4), siteFeed("b", 4)];
  const reader = createReader(["a", "a", "b", "a"]);
  const sent: number[] = [];
  const outlet: Outlet = {
    queuedBytes: 0,
    isBacklogged: false,
    room: Number.POSITIVE_INFINITY,
    send: (batch: EventBatch) => sent.push(...batch.events.map(({ sequence }) => sequence)),
    tellPosition: () => undefined,
    tellReset: () => undefined,
    tellCaughtUp: () => undefined,
    tellLiveness: () => undefined,
    drained: async () => undefined,
    unclogged: async () => undefined,
    end: () => undefined,
  };
  const listener = {
    position: 0,
    isClosed: false,
    feeds: [a],
    hasSite: (siteId: string) => listener.feeds.some(({ site }) => site.siteId === siteId),
    pass: () => undefined,
    goLive: () => undefined,
  };
  const catchUp = new CatchUp({
    parts: { feed: { epoch: 1, position: 4 }, reader, turnstile: new Turnstile(1) },
    ...{ listener, outlet, selection: {}, matches: () => true, latest: undefined, party: "" },
  });
  const running = catchUp.run();
  listener.feeds = [a, b];
  reader.open();
  await running;
  assert.deepEqual(sent, [1, 2, 3, 4]);
  assert.equal(listener.position, 4);
});
