import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  args,
  type Browser,
  chromiumPath,
  openPage,
  servePage,
  startBrowser,
} from "../browser/browser.ts";
import { type CuttableProxy, startCuttableProxy } from "../browser/cuttable-proxy.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { bundleClient } from "./bundle-client.ts";

const skip = chromiumPath === undefined ? "Chromium is not installed" : false;

/** What a web app does; `tell` is the test's. */
const script = `
async function follow(baseUrl, token, siteId, transport, since) {
  const timing = { backoffMs: 50 };
  const nova = new novacore.Novacore({ baseUrl, token, transport, timing });
  const stream = nova.site(siteId).readings({ types: ["pv"], since });
  stream.onEvent(({ kind }) => tell({ kind }));
  globalThis.stream = stream;
  for await (const { W } of stream) tell({ kind: "reading", W });
  tell({ kind: "left" });
}
async function sites(baseUrl, token, orgId) {
  const found = [];
  const nova = new novacore.Novacore({ baseUrl, token });
  for await (const { id } of nova.org(orgId).sites({ pageSize: 1 })) found.push(id);
  return found;
}`;

interface Told {
  readonly kind: string;
  readonly W?: number;
}

let bundle: string;
let site: Awaited<ReturnType<typeof servePage>>;
let hub: TestHub;
let home: Home;
let proxy: CuttableProxy;
let browser: Browser;

before(async () => {
  bundle = await bundleClient();
  if (chromiumPath === undefined) return;
  browser = await startBrowser(chromiumPath);
  const head = '<!doctype html><title>Test</title><link rel="icon" href="data:,">';
  // A closing tag inside a script would end it there.
  assert.ok(!bundle.includes("</script"));
  site = await servePage(`${head}<script>${bundle}${script}</script>`);
  hub = await startHub({ NOVACORE_CORS_ORIGINS: site.origin });
  home = await createHome(hub);
  proxy = await startCuttableProxy(hub.url);
});
after(async () => {
  await browser?.close();
  await proxy?.close();
  await hub?.close();
  await site?.close();
});

test("the bundle is at most 12 KiB gzipped, and holds nothing but the client", (t) => {
  const bytes = gzipSync(bundle, { level: 9 }).length;
  t.diagnostic(`${bytes} bytes gzipped, ${bundle.length} before`);
  assert.ok(bytes <= 12 * 1024, `${bytes} bytes`);
  assert.ok(
    !/typebox|process\.|Buffer\b|require\("node:/i.test(bundle),
    "it needs more than a page",
  );
});

for (const transport of ["sse", "websocket"]) {
  test(`a page hears exactly what was published through a cut network, by ${transport}`, {
    skip,
  }, async () => {
    const { page, told, until } = await openPage<Told>(browser, site.origin);
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    const powers = () => told.flatMap(({ kind, W }) => (kind === "reading" ? [W] : []));
    const has = (kind: string, count: number) =>
      until(
        `${kind}, ${count} times`,
        () => told.filter((each) => each.kind === kind).length >= count,
      );
    const wish = args(proxy.url, home.token, home.siteId, transport, Date.now());
    // Not awaited in the page: it goes on until the stream ends.
    await page.evaluate(`void follow(${wish})`);
    await has("connected", 1);
    await publish(-1, -2, -3);
    await has("reading", 3);
    proxy.cut();
    await has("lost", 1);
    await publish(-4, -5, -6);
    proxy.restore();
    await has("connected", 2);
    await publish(-7, -8);
    await has("reading", 8);
    await page.evaluate("stream.close()");
    await has("left", 1);
    assert.deepEqual(powers(), [-1, -2, -3, -4, -5, -6, -7, -8]);
    assert.deepEqual(problems, []);
    await page.close();
  });
}

test("a page of another origin reads lists, whose links it is allowed to see", {
  skip,
}, async () => {
  const { page } = await openPage<Told>(browser, site.origin);
  const found = await page.evaluate(`sites(${args(hub.url, home.token, home.orgId)})`);
  assert.deepEqual(found, [home.siteId]);
  await page.close();
});

let lastTimestamp = 0;

async function publish(...powers: readonly number[]): Promise<void> {
  for (const W of powers) {
    lastTimestamp = Math.max(Date.now(), lastTimestamp + 1);
    await home.publish("solar", { type: "pv", timestamp: lastTimestamp, W });
  }
}
