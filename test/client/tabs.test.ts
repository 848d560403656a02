import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { createPerson, signUp } from "@novacore/simulator";
import {
  args,
  type Browser,
  chromiumPath,
  type OpenPage,
  openPage,
  servePage,
  startBrowser,
} from "../browser/browser.ts";
import { bundle } from "../browser/bundle.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { untilOpenStreams } from "../support/open-streams.ts";
import { bundleClient } from "./bundle-client.ts";

const skip = chromiumPath === undefined ? "Chromium is not installed" : false;
const entry = fileURLToPath(new URL("../../packages/client/src/tabs.ts", import.meta.url));

/** What a web app does; `tell` is the test's. A slow one waits at each reading until it may go on. */
const script = `
let isLeading = false;
const request = navigator.locks.request.bind(navigator.locks);
navigator.locks.request = (name, options, hold) => {
  const lead = (lock) => { isLeading = true; return hold(lock); };
  return request(name, options, lead);
};
let goOn = () => undefined;
const held = new Promise((resolve) => { goOn = resolve; });
async function follow(baseUrl, token, siteId, transport, options, isSlow) {
  const { shareTabs } = tabs;
  const nova = new novacore.Novacore({ baseUrl, token, transport, shareTabs });
  const stream = nova.site(siteId).readings({ types: ["pv"], ...options });
  stream.onEvent(({ kind }) => tell({ kind }));
  for await (const { W } of stream) {
    tell({ kind: "reading", W });
    if (isSlow) await held;
  }
}`;

interface Told {
  readonly kind: string;
  readonly W?: number;
}

type Tab = OpenPage<Told>;

let code: string;
let site: Awaited<ReturnType<typeof servePage>>;
let hub: TestHub;
let home: Home;
let browser: Browser;

before(async () => {
  code = await bundle(entry, "tabs");
  if (chromiumPath === undefined) return;
  browser = await startBrowser(chromiumPath);
  const head = '<!doctype html><title>Test</title><link rel="icon" href="data:,">';
  const scripts = [await bundleClient(), code, script].map((text) => `<script>${text}</script>`);
  site = await servePage(head + scripts.join(""));
  hub = await startHub({ NOVACORE_CORS_ORIGINS: site.origin });
  home = await createHome(hub);
});
after(async () => {
  await browser?.close();
  await hub?.close();
  await site?.close();
});

test("what shares connections is at most 3 KiB gzipped, beside the client", (t) => {
  const bytes = gzipSync(code, { level: 9 }).length;
  t.diagnostic(`${bytes} bytes gzipped`);
  assert.ok(bytes <= 3 * 1024, `${bytes} bytes`);
  assert.doesNotMatch(code, /typebox/i);
});

for (const transport of ["sse", "websocket"]) {
  describe(`tabs that share a connection by ${transport}`, { skip }, () => {
    const open = async (options: object = {}, token = home.token, isSlow = false): Promise<Tab> => {
      const tab = await openPage<Told>(browser, site.origin);
      const wish = args(hub.url, token, home.siteId, transport, options, isSlow);
      // Not awaited in the page: it goes on until the page is closed.
      await tab.page.evaluate(`void follow(${wish})`);
      await tab.until("it is connected", () => tab.told.some(({ kind }) => kind === "connected"));
      return tab;
    };
    const openThree = async () => {
      const three = [await open(), await open(), await open()];
      await untilOpenStreams(hub.url, 1);
      return three;
    };
    const leaderOf = async (tabs: readonly Tab[]) => {
      const leads = await Promise.all(tabs.map(({ page }) => page.evaluate("isLeading")));
      const leader = tabs.find((_tab, index) => leads[index] === true);
      assert.ok(leader);
      return { leader, others: tabs.filter((tab) => tab !== leader) };
    };
    const closeAll = async (tabs: readonly Tab[]) => {
      for (const { page } of tabs) await page.close();
      await untilOpenStreams(hub.url, 0);
    };

    test("three hear everything over one, also when the one that holds it is closed", async () => {
      const all = await openThree();
      const { leader, others } = await leaderOf(all);
      const first = await publish(3);
      for (const tab of all) await heard(tab, first);
      await leader.page.close();
      const second = await publish(3);
      for (const tab of others) await heard(tab, [...first, ...second]);
      await untilOpenStreams(hub.url, 1);
      assert.ok(others.every(({ told }) => !told.some(({ kind }) => kind === "lost")));
      await closeAll(others);
    });

    test("when the one that holds it crashes, the others go on", async () => {
      const all = await openThree();
      const { leader, others } = await leaderOf(all);
      const first = await publish(2);
      for (const tab of all) await heard(tab, first);
      const crashed = new Promise((resolve) => leader.page.once("crash", resolve));
      await leader.page.goto("chrome://crash").catch(() => undefined);
      await crashed;
      const second = await publish(3);
      for (const tab of others) await heard(tab, [...first, ...second]);
      await untilOpenStreams(hub.url, 1);
      await closeAll(all);
    });

    test("one that comes late and wants the past gets its own, and then shares", async () => {
      const since = Date.now();
      const past = await publish(3);
      const all = await openThree();
      const late = await open({ since });
      await heard(late, past);
      await untilOpenStreams(hub.url, 1);
      const then = await publish(3);
      await heard(late, [...past, ...then]);
      for (const tab of all) await heard(tab, then);
      await closeAll([...all, late]);
    });

    test("a slow one holds up nobody and misses nothing", async () => {
      const all = await openThree();
      const slow = await open({ queueMax: 2 }, home.token, true);
      const published = await publish(20);
      for (const tab of all) await heard(tab, published);
      assert.ok(powersOf(slow).length < published.length);
      await slow.page.evaluate("goOn()");
      await heard(slow, published);
      await closeAll([...all, slow]);
    });

    test("another identity has a connection of its own", async () => {
      const member = await signUp(hub.url, createPerson());
      const body = { identity_id: member.identityId, role: "viewer" };
      await createApi(hub.url, home.token)("POST", `/organizations/${home.orgId}/members`, body);
      const all = [...(await openThree()), await open({}, member.token)];
      const published = await publish(2);
      for (const tab of all) await heard(tab, published);
      await untilOpenStreams(hub.url, 2);
      await closeAll(all);
    });
  });
}

function powersOf({ told }: Tab): (number | undefined)[] {
  return told.flatMap(({ kind, W }) => (kind === "reading" ? [W] : []));
}

/** Exactly these, in this order. */
async function heard(tab: Tab, powers: readonly number[]): Promise<void> {
  await tab.until("all have come", () => powersOf(tab).length >= powers.length);
  assert.deepEqual(powersOf(tab), powers);
}

let lastTimestamp = 0;
let lastPower = 0;

/** So many readings, none of which is like another. */
async function publish(count: number): Promise<number[]> {
  const powers = Array.from({ length: count }, () => --lastPower);
  for (const W of powers) {
    lastTimestamp = Math.max(Date.now(), lastTimestamp + 1);
    await home.publish("solar", { type: "pv", timestamp: lastTimestamp, W });
  }
  return powers;
}
