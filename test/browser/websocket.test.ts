import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { args, type Browser, chromiumPath, openPage, servePage, startBrowser } from "./browser.ts";
import { type CuttableProxy, startCuttableProxy } from "./cuttable-proxy.ts";

const skip = chromiumPath === undefined ? "Chromium is not installed" : false;

/** What a web app does; `tell` is the test's. */
const html = `<!doctype html><title>Test</title><link rel="icon" href="data:,"><script>
function signIn(baseUrl, token) {
  return fetch(baseUrl + "/auth/session", {
    method: "POST", credentials: "include", headers: { authorization: "Bearer " + token },
  }).then(({ status }) => status);
}
function open(baseUrl, siteId, { token, cursor } = {}) {
  const socket = new WebSocket(baseUrl.replace("http", "ws") + "/ws", "novacore.v1");
  const send = (frame) => socket.send(JSON.stringify(frame));
  socket.onopen = () => {
    if (token) send({ op: "auth", token });
    send({ op: "subscribe", id: "home", sites: [siteId], ...(cursor && { cursor }) });
  };
  socket.onmessage = ({ data }) => tell(JSON.parse(data));
  socket.onclose = ({ code, reason }) => tell({ op: "closed", code, reason });
}
</script>`;

interface Told {
  readonly op: string;
  readonly [member: string]: unknown;
}

let site: Awaited<ReturnType<typeof servePage>>;
let stranger: Awaited<ReturnType<typeof servePage>>;
let hub: TestHub;
let home: Home;
let proxy: CuttableProxy;
let browser: Browser;

before(async () => {
  if (chromiumPath === undefined) return;
  browser = await startBrowser(chromiumPath);
  [site, stranger] = await Promise.all([servePage(html), servePage(html)]);
  hub = await startHub({ NOVACORE_CORS_ORIGINS: site.origin });
  home = await createHome(hub);
  proxy = await startCuttableProxy(hub.url);
});
after(async () => {
  await browser?.close();
  await proxy?.close();
  await hub?.close();
  await Promise.all([site?.close(), stranger?.close()]);
});

test("a page signs in with its first frame and resumes after a cut, without loss or repeat", {
  skip,
}, async () => {
  const { page, told, until } = await openPage<Told>(browser, site.origin);
  const numbers = () =>
    told.flatMap(({ op, reading }) => (op === "reading" ? [Object(reading).W] : []));
  await page.evaluate(`open(${args(proxy.url, home.siteId)}, { token: ${args(home.token)} })`);
  await until("it is subscribed", () => told.some(({ op }) => op === "subscribed"));
  for (const W of [-1, -2, -3]) await publish(W);
  await until("three readings", () => numbers().length === 3);
  proxy.cut();
  const closed = await until("the page notices", () => told.find(({ op }) => op === "closed"));
  assert.equal(closed.code, 1006);
  for (const W of [-4, -5]) await publish(W);
  proxy.restore();
  const cursor = told.findLast(({ op }) => op === "reading")?.cursor;
  const again = `{ token: ${args(home.token)}, cursor: ${JSON.stringify(cursor)} }`;
  await page.evaluate(`open(${args(proxy.url, home.siteId)}, ${again})`);
  await publish(-6);
  await until("six readings", () => numbers().length === 6);
  assert.deepEqual(numbers(), [-1, -2, -3, -4, -5, -6]);
  await page.close();
});

test("the session cookie opens sockets of allowed origins, and of no other page that brings it along", {
  skip,
}, async () => {
  const mine = await openPage<Told>(browser, site.origin);
  assert.equal(await mine.page.evaluate(`signIn(${args(hub.url, home.token)})`), 204);
  await mine.page.evaluate(`open(${args(hub.url, home.siteId)})`);
  await mine.until("it is subscribed", () => mine.told.some(({ op }) => op === "subscribed"));
  assert.equal(await mine.page.evaluate("document.cookie"), "", "scripts cannot read it");

  const theirs = await openPage<Told>(browser, stranger.origin);
  await theirs.page.evaluate(`open(${args(hub.url, home.siteId)})`);
  const closed = await theirs.until("it is closed", () =>
    theirs.told.find(({ op }) => op === "closed"),
  );
  assert.equal(closed.code, 4503);
  assert.ok(theirs.told.some(({ op, code }) => op === "error" && code === "forbidden"));
  assert.ok(!theirs.told.some(({ op }) => op === "authenticated" || op === "reading"));
  await Promise.all([mine.page.close(), theirs.page.close()]);
});

let lastTimestamp = 0;

async function publish(W: number): Promise<void> {
  lastTimestamp = Math.max(Date.now(), lastTimestamp + 1);
  await home.publish("solar", { type: "pv", timestamp: lastTimestamp, W });
}
