import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import {
  args,
  type Browser,
  chromiumPath,
  openPage,
  servePage,
  startBrowser,
} from "../browser/browser.ts";
import { bundle as bundleFile } from "../browser/bundle.ts";
import { type CuttableProxy, startCuttableProxy } from "../browser/cuttable-proxy.ts";
import { backEndToken, createBackEnd } from "../support/back-end.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { bundleClient } from "./bundle-client.ts";

const skip = chromiumPath === undefined ? "Chromium is not installed" : false;

/** What a web app does; `tell` is the test's. */
const script = `
async function follow(baseUrl, token, siteId, way, since, servers) {
  const timing = { backoffMs: 50 };
  const transport = way === "nats" ? novacore.natsTransport({ servers }) : way;
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
let natsProxy: CuttableProxy;
/** NATS is open to integrations alone. */
let token: string;
let browser: Browser;

before(async () => {
  bundle = await bundleClient();
  if (chromiumPath === undefined) return;
  browser = await startBrowser(chromiumPath);
  const page = await bundleFile(fileURLToPath(import.meta.resolve("./page-client.ts")), "novacore");
  const head = '<!doctype html><title>Test</title><link rel="icon" href="data:,">';
  // A closing tag inside a script would end it there.
  assert.ok(!page.includes("</script"));
  site = await servePage(`${head}<script>${page}</script><script>${script}</script>`);
  hub = await startHub({ NOVACORE_CORS_ORIGINS: site.origin });
  home = await createHome(hub);
  proxy = await startCuttableProxy(hub.url);
  natsProxy = await startCuttableProxy(hub.websocketUrl);
  token = await backEndToken(hub.url, await createBackEnd(home));
});
after(async () => {
  await browser?.close();
  await proxy?.close();
  await natsProxy?.close();
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

for (const transport of ["sse", "websocket", "nats"]) {
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
    const servers = natsProxy.url.replace("http:", "ws:");
    const wish = args(proxy.url, token, home.siteId, transport, Date.now(), servers);
    // Not awaited in the page: it goes on until the stream ends.
    await page.evaluate(`void follow(${wish})`);
    await has("connected", 1);
    await publish(-1, -2, -3);
    await has("reading", 3);
    for (const each of [proxy, natsProxy]) each.cut();
    await has("lost", 1);
    await publish(-4, -5, -6);
    for (const each of [proxy, natsProxy]) each.restore();
    await has("connected", 2);
    await publish(-7, -8);
    await has("reading", 8);
    await page.evaluate("stream.close()");
    await has("left", 1);
    assert.deepEqual(powers(), [-1, -2, -3, -4, -5, -6, -7, -8]);
    assert.deepEqual(problems, []);
    const isNats = transport === "nats";
    assert.equal(
      natsProxy.requestHeads.length > 1,
      isNats,
      "NATS is used, and again after the cut",
    );
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
