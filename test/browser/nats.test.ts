import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { type BackEnd, backEndToken, createBackEnd } from "../support/back-end.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { args, type Browser, chromiumPath, openPage, servePage, startBrowser } from "./browser.ts";
import { bundle } from "./bundle.ts";

/** The part of the client that needs no Node; transport-node hands it on as well. */
const natsCore = createRequire(import.meta.resolve("@nats-io/transport-node")).resolve(
  "@nats-io/nats-core",
);
const skip = chromiumPath === undefined ? "Chromium is not installed" : false;

/** What a page does with `wsconnect`; `tell` is the test's. */
const script = `
async function follow(url, token, id, subject) {
  const servers = [url];
  try {
    const connection = await nats.wsconnect({ servers, token, inboxPrefix: "_INBOX_" + id });
    const subscription = connection.subscribe(subject);
    await connection.flush();
    tell({ op: "subscribed" });
    for await (const message of subscription) {
      const sequence = Number(message.headers.get("Nats-Sequence"));
      tell({ op: "reading", reading: message.json(), sequence });
    }
  } catch (error) {
    tell({ op: "refused", name: error.name });
  }
}`;

interface Told {
  readonly op: string;
  readonly [member: string]: unknown;
}

let site: Awaited<ReturnType<typeof servePage>>;
let hub: TestHub;
let home: Home;
let backEnd: BackEnd;
let browser: Browser;

before(async () => {
  if (chromiumPath === undefined) return;
  browser = await startBrowser(chromiumPath);
  const client = await bundle(natsCore, "nats");
  const head = '<!doctype html><title>Test</title><link rel="icon" href="data:,">';
  site = await servePage(`${head}<script>${client}</script><script>${script}</script>`);
  hub = await startHub();
  home = await createHome(hub);
  backEnd = await createBackEnd(home);
});
after(async () => {
  await browser?.close();
  await hub?.close();
  await site?.close();
});

test("a page follows readings over NATS with a token of the hub", { skip }, async () => {
  const { page, told, until, follow } = await openFollower();
  await follow(await backEndToken(hub.url, backEnd));
  await until("it is subscribed", () => told.some(({ op }) => op === "subscribed"));
  const startMs = Date.now();
  const sent = [-1, -2, -3];
  for (const [i, W] of sent.entries()) {
    await home.publish("solar", { type: "pv", timestamp: startMs + i, W });
  }
  const readings = await until("three readings", () => {
    const found = told.filter(({ op }) => op === "reading");
    return found.length >= sent.length && found;
  });
  assert.deepEqual(
    readings.map(({ reading }) => Object(reading).W),
    sent,
  );
  const [first = 0, second = 0, third = 0] = readings.map(({ sequence }) => Number(sequence));
  assert.ok(first > 0 && first < second && second < third);
  await page.close();
});

test("a person's token does not open NATS to a page", { skip }, async () => {
  const { page, told, until, follow } = await openFollower();
  await follow(home.token);
  const { name } = await until("it is refused", () => told.find(({ op }) => op === "refused"));
  assert.equal(name, "AuthorizationError");
  assert.ok(!told.some(({ op }) => op === "subscribed"));
  await page.close();
});

async function openFollower() {
  const { page, told, until } = await openPage<Told>(browser, site.origin);
  const subject = `orgs.${home.orgId}.sites.*.devices.*.ders.*.telemetry.json.v1`;
  // Not awaited in the page: it follows until the page is closed.
  const follow = (token: string) =>
    page.evaluate(`void follow(${args(hub.websocketUrl, token, backEnd.id, subject)})`);
  return { page, told, until, follow };
}
