/**
 * Memory of programs that follow a fleet with the client, at 500 readings a second: one in Node for each
 * transport, and one page in Chromium for each that pages have. Is it flat? What is measured is the
 * heap right after a collection.
 *
 *   npm run soak:memory -- [minutes=60]
 */
import { setTimeout as delay } from "node:timers/promises";
import { startBrowser } from "../test/browser/browser.ts";
import { backEndToken, createBackEnd } from "../test/support/back-end.ts";
import { findTool } from "../test/support/tools.ts";
import { type Follower, followInNode, followInPage } from "./memory/followers.ts";
import { describeMachine, median, startRig } from "./whole/rig.ts";

const minutes = Number(process.argv[2] ?? 60);
const gateways = 10;
const dersPerGateway = 50;
const perSecond = 500;
const sampleMs = 10_000;

await using opened = new AsyncDisposableStack();
const rig = await startRig(gateways, dersPerGateway);
opened.defer(() => rig.close());
const { url } = rig.hub;
const { token: ownerToken, orgId } = rig.fleet;
// NATS is open to integrations alone.
const token = await backEndToken(url, await createBackEnd({ url, token: ownerToken, orgId }));
const followers: Follower[] = [];
for (const transport of ["sse", "websocket", "nats"]) {
  followers.push(await followInNode({ url, token, orgId, transport }));
}
const chromium = findTool("chromium", "chromium-browser", "google-chrome");
if (chromium === undefined) {
  console.error("Chromium is not installed: Node alone is measured.");
} else {
  const browser = await startBrowser(chromium);
  opened.defer(() => browser.close());
  for (const transport of ["sse", "websocket"]) {
    followers.push(await followInPage(browser, { url, token, orgId, transport }));
  }
}
for (const follower of followers) opened.defer(() => follower.close());

const samples = followers.map((): number[] => []);
let isOver = false;
const publishing = rig.publish(perSecond * 60 * minutes, perSecond).then(() => {
  isOver = true;
});
while (!isOver) {
  await Promise.race([publishing, delay(sampleMs)]);
  const heaps = await Promise.all(followers.map((follower) => follower.heapMib()));
  for (const [index, mib] of heaps.entries()) samples[index]?.push(mib);
  console.error(heaps.map((mib) => mib.toFixed(1)).join(" "));
}

console.log(`machine      ${describeMachine()}`);
console.log(
  `readings     ${perSecond}/s for ${minutes} min, ${perSecond * 60 * minutes} published`,
);
for (const [index, { name, count }] of followers.entries()) {
  const heaps = samples[index] ?? [];
  // The first fifth fills what is filled once: the memory of copies, the JIT.
  const fifth = Math.max(1, Math.floor(heaps.length / 5));
  const early = median(heaps.slice(fifth, 2 * fifth));
  const late = median(heaps.slice(-fifth));
  const most = Math.max(...heaps);
  console.log(
    `${name.padEnd(22)} ${early.toFixed(1)} MiB early, ${late.toFixed(1)} late, ` +
      `${most.toFixed(1)} at most; ${await count()} heard`,
  );
}
