import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { listen } from "../support/listener.ts";
import { type Program, startProgram } from "../support/program.ts";
import { args, type Browser, chromiumPath, openPage, servePage, startBrowser } from "./browser.ts";
import { type CuttableProxy, startCuttableProxy } from "./cuttable-proxy.ts";

const skip = chromiumPath === undefined ? "Chromium is not installed" : false;
const exampleServer = fileURLToPath(new URL("../../examples/browser/serve.mjs", import.meta.url));

/** What a web app does; `tell` is the test's. */
const html = `<!doctype html><title>Test</title><link rel="icon" href="data:,"><script>
async function follow(baseUrl, siteId, token) {
  const response = await fetch(baseUrl + "/stream/tickets", {
    method: "POST",
    headers: { authorization: "Bearer " + token, "content-type": "application/json" },
    body: JSON.stringify({ site_ids: [siteId] }),
  });
  const { ticket } = await response.json();
  followWith(baseUrl, siteId, ticket);
}
function followWith(baseUrl, siteId, ticket) {
  const source = new EventSource(baseUrl + "/stream/sites/" + siteId + "?ticket=" + ticket);
  source.onopen = () => tell({ kind: "open" });
  source.onmessage = ({ data, lastEventId }) =>
    tell({ kind: "reading", W: JSON.parse(data).W, lastEventId });
  source.onerror = () => tell({ kind: "error", isClosed: source.readyState === EventSource.CLOSED });
}
</script>`;

type Told =
  | { readonly kind: "open" }
  | { readonly kind: "reading"; readonly W: number; readonly lastEventId: string }
  | { readonly kind: "error"; readonly isClosed: boolean };

let site: Awaited<ReturnType<typeof servePage>>;
let stranger: Awaited<ReturnType<typeof servePage>>;
let example: Program;
let exampleUrl: string;
let hub: TestHub;
let home: Home;
let proxy: CuttableProxy;
let browser: Browser;

before(async () => {
  if (chromiumPath === undefined) return;
  browser = await startBrowser(chromiumPath);
  [site, stranger] = await Promise.all([servePage(html), servePage(html)]);
  example = startProgram(process.execPath, [exampleServer, "--port", "0"]);
  const printedUrl = () => example.stdout().match(/^http:\/\/\S+$/m)?.[0];
  exampleUrl = await example.until("the example's address", printedUrl);
  hub = await startHub({ NOVACORE_CORS_ORIGINS: `${site.origin}, ${exampleUrl}` });
  home = await createHome(hub);
  proxy = await startCuttableProxy(hub.url);
});
after(async () => {
  await browser?.close();
  await proxy?.close();
  await hub?.close();
  example?.signal("SIGTERM");
  await example?.ended;
  await Promise.all([site?.close(), stranger?.close()]);
});

test("a native EventSource with a ticket hears readings, and comes back from a cut without loss or repeat", {
  skip,
}, async () => {
  const { page, told, until } = await openPage<Told>(browser, site.origin);
  const readings = () => told.filter((each) => each.kind === "reading");
  const hasHeard = (count: number) => until(`${count} readings`, () => readings().length >= count);
  await page.evaluate(`follow(${args(proxy.url, home.siteId, home.token)})`);
  await until("the stream is open", () => told.some(({ kind }) => kind === "open"));

  for (const W of [-1, -2, -3]) await publish(W);
  await hasHeard(3);
  proxy.cut();
  await until("the browser notices", () => told.some(({ kind }) => kind === "error"));
  for (const W of [-4, -5, -6]) await publish(W);
  proxy.restore();
  await hasHeard(6);
  for (const W of [-7, -8, -9]) await publish(W);
  await hasHeard(9);

  assert.deepEqual(
    readings().map(({ W }) => W),
    [-1, -2, -3, -4, -5, -6, -7, -8, -9],
  );
  const streams = proxy.requestHeads.filter((head) => head.startsWith("GET /stream/sites/"));
  const resumedFrom = streams.map((head) => head.match(/^last-event-id: (\S+)\r$/im)?.[1]);
  assert.deepEqual(resumedFrom, [undefined, readings()[2]?.lastEventId]);
  await page.close();
});

test("a page of an origin that is not allowed gets nothing, not even with a ticket", {
  skip,
}, async () => {
  const { page, told, until } = await openPage<Told>(browser, stranger.origin);
  await assert.rejects(
    page.evaluate(`follow(${args(hub.url, home.siteId, home.token)})`),
    /Failed to fetch/,
  );
  const api = createApi(hub.url, home.token);
  const { ticket } = await api("POST", "/stream/tickets", { site_ids: [home.siteId] });
  const other = await listen(`${hub.url}/stream/sites/${home.siteId}?ticket=${ticket}`);
  await page.evaluate(`followWith(${args(hub.url, home.siteId, ticket)})`);
  await publish(-10);
  await other.until("the reading, by somebody who may", () => other.readings().length > 0);
  await other.close();
  await until("EventSource has given up", () => told.some((each) => each.kind === "error"));
  assert.deepEqual(told, [{ kind: "error", isClosed: true }]);
  await page.close();
});

test("the example's page shows readings, with a ticket and with the token", {
  skip,
}, async () => {
  const { page } = await openPage<Told>(browser, exampleUrl);
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  const demoFile = join(hub.dataDir, "demo.json");
  const details = { base_url: hub.url, site_id: home.siteId, token: home.token };
  await writeFile(demoFile, JSON.stringify(details));

  await page.setInputFiles("#demo", demoFile);
  await page.getByText("Connected with a ticket.").waitFor();
  await publish(-11);
  await page.getByRole("row", { name: "roof (pv) -11 W" }).waitFor();

  await page.getByLabel("fetch and the token").check();
  await page.getByText("Connected with the token.").waitFor();
  await home.publish("battery", {
    ...{ type: "battery", timestamp: Date.now(), W: 1500, SoC_nom_fract: 0.5 },
  });
  await page.getByRole("row", { name: "battery (battery) 1500 W, 50 % full" }).waitFor();
  assert.deepEqual(problems, []);
  await page.close();
});

let lastTimestamp = 0;

async function publish(W: number): Promise<void> {
  lastTimestamp = Math.max(Date.now(), lastTimestamp + 1);
  await home.publish("solar", { type: "pv", timestamp: lastTimestamp, W });
}
