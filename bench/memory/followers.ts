import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { args, type Browser } from "../../test/browser/browser.ts";
import { bundle } from "../../test/browser/bundle.ts";
import { forkBench } from "../whole/rig.ts";
import type { FollowerAnswer, FollowerQuestion } from "./node-follower.ts";

export interface FollowerWish {
  readonly url: string;
  readonly token: string;
  readonly orgId: string;
  readonly transport: string;
}

/** A program that reads a stream and keeps nothing of it. */
export interface Follower {
  readonly name: string;
  /** What is reachable: after a collection. */
  heapMib(): Promise<number>;
  /** Readings that it has got. */
  count(): Promise<number>;
  close(): Promise<void>;
}

export async function followInNode(wish: FollowerWish): Promise<Follower> {
  const child = forkBench("../memory/node-follower.ts", [], ["--expose-gc"]);
  const ask = async (question: FollowerQuestion): Promise<FollowerAnswer> => {
    child.send(question);
    const [answer]: FollowerAnswer[] = await once(child, "message");
    if (answer === undefined) throw new Error("the follower has ended");
    return answer;
  };
  await ask({ kind: "follow", wish });
  return {
    name: `Node, ${wish.transport}`,
    heapMib: async () => (await ask({ kind: "measure" })).heapMib,
    count: async () => (await ask({ kind: "measure" })).count,
    async close() {
      child.kill();
    },
  };
}

const entry = fileURLToPath(import.meta.resolve("../../test/client/page-client.ts"));

/** What a web app does. */
const script = `
let count = 0;
async function follow(baseUrl, token, orgId, transport) {
  const stream = new novacore.Novacore({ baseUrl, token, transport }).org(orgId).readings();
  for await (const _reading of stream) count++;
}`;

export async function followInPage(browser: Browser, wish: FollowerWish): Promise<Follower> {
  const page = await browser.newPage();
  await page.goto(`${wish.url}/healthz`);
  await page.addScriptTag({ content: (await bundle(entry, "novacore")) + script });
  await page.evaluate(`void follow(${args(wish.url, wish.token, wish.orgId, wish.transport)})`);
  const session = await page.context().newCDPSession(page);
  return {
    name: `Chromium, ${wish.transport}`,
    async heapMib() {
      await session.send("HeapProfiler.collectGarbage");
      const { usedSize } = await session.send("Runtime.getHeapUsage");
      return usedSize / 2 ** 20;
    },
    count: async () => Number(await page.evaluate("count")),
    close: () => page.close(),
  };
}
