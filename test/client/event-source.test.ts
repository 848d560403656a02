import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { EventSource, type StreamMessage } from "@novacore/client/event-source";
import {
  type Browser,
  chromiumPath,
  openPage,
  servePage,
  startBrowser,
} from "../browser/browser.ts";
import { bundle } from "../browser/bundle.ts";
import { type CuttableProxy, startCuttableProxy } from "../browser/cuttable-proxy.ts";
import { createConditions } from "../support/conditions.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";

const entry = fileURLToPath(new URL("../../packages/client/src/event-source.ts", import.meta.url));
const sampleUrl = new URL("../../../shared/guide/sample-browser.js", import.meta.url);
const noSample = existsSync(sampleUrl) ? false : "the guide's samples are not beside this checkout";
const noBrowser = chromiumPath === undefined ? "Chromium is not installed" : false;

describe("an EventSource with headers", () => {
  let hub: TestHub;
  let home: Home;
  let site: Awaited<ReturnType<typeof servePage>>;
  let proxy: CuttableProxy;
  let browser: Browser;

  before(async () => {
    const script = await bundle(entry, "client");
    const head = '<!doctype html><title>Test</title><link rel="icon" href="data:,">';
    site = await servePage(`${head}<script>${script}</script>`);
    hub = await startHub({ NOVACORE_CORS_ORIGINS: site.origin });
    home = await createHome(hub);
    proxy = await startCuttableProxy(hub.url);
    if (chromiumPath !== undefined) browser = await startBrowser(chromiumPath);
  });
  after(async () => {
    await browser?.close();
    await proxy?.close();
    await hub?.close();
    await site?.close();
  });

  const headers = () => ({ authorization: `Bearer ${home.token}` });
  let lastTimestamp = 0;
  const publish = async (...powers: readonly number[]) => {
    for (const W of powers) {
      lastTimestamp = Math.max(Date.now(), lastTimestamp + 1);
      await home.publish("solar", { type: "pv", timestamp: lastTimestamp, W });
    }
  };

  it("goes on where a cut network left it, tells both, and is silent once it is closed", async () => {
    const conditions = createConditions();
    const [powers, heard]: [number[], string[]] = [[], []];
    const source = new EventSource(`${proxy.url}/stream/sites/${home.siteId}?events=all`, {
      headers,
    });
    const note = ({ type }: Event) => {
      heard.push(`${type} ${source.readyState}`);
      conditions.changed();
    };
    assert.equal(source.readyState, EventSource.CONNECTING);
    source.onopen = note;
    source.addEventListener("error", note);
    source.onmessage = ({ data }: StreamMessage) => {
      powers.push(JSON.parse(data).W);
      conditions.changed();
    };
    await conditions.until("it is open", () => heard.length === 1);
    await publish(-1, -2);
    await conditions.until("two readings", () => powers.length === 2);
    proxy.cut();
    await conditions.until("it was lost", () => heard.length > 1);
    await publish(-3, -4);
    proxy.restore();
    await conditions.until("the others", () => powers.length === 4);
    assert.deepEqual(powers, [-1, -2, -3, -4]);
    assert.deepEqual([heard[0], heard[1], heard.at(-1)], ["open 1", "error 0", "open 1"]);
    source.close();
    assert.equal(source.readyState, source.CLOSED);
    const told = heard.length;
    await publish(-5);
    proxy.cut();
    proxy.restore();
    await publish(-6);
    assert.deepEqual([powers.length, heard.length], [4, told]);
  });

  it("gives up what does not pass, and says so once", async () => {
    for (const [path, given] of [
      [`/stream/sites/${home.siteId}`, {}],
      ["/stream/sites/sit-none", headers()],
      ["/openapi.json", headers()],
    ] as const) {
      const source = new EventSource(hub.url + path, { headers: given });
      const states: number[] = [];
      await new Promise<void>((resolve) => {
        source.onerror = () => {
          states.push(source.readyState);
          if (source.readyState === source.CLOSED) resolve();
        };
        // An answer of another kind may be that of a captive portal: that is tried again.
        if (path === "/openapi.json") source.addEventListener("error", () => source.close());
      });
      assert.deepEqual(states, [source.CLOSED], path);
    }
    assert.throws(() => new EventSource("no url"), { name: "SyntaxError" });
  });

  it("waits as long as the server says, and tells named events and ids as the standard has them", async (t) => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers["last-event-id"]?.toString());
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end("retry: 1\nid: a\n\nevent: odd\ndata: 1\ndata: 2\nid: b\n\n:\n\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const url = `http://127.0.0.1:${address.port}/`;
    const source = new EventSource(url);
    const event = await new Promise<Event>((resolve) => {
      source.addEventListener("odd", (each) => {
        if (asked.length === 2) resolve(each);
      });
      source.onmessage = () => assert.fail("it has another name");
    });
    source.close();
    assert.ok(event instanceof MessageEvent);
    assert.deepEqual(
      [event.data, event.lastEventId, event.origin],
      ["1\n2", "b", url.slice(0, -1)],
    );
    assert.deepEqual(asked, [undefined, "b"]);
  });

  it("goes on when a handler throws, and when headers cannot be had once", async (t) => {
    const conditions = createConditions();
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end("retry: 1\n\ndata: 1\n\ndata: 2\n\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const [own, told]: [string[], string[]] = [[], []];
    const { queueMicrotask } = globalThis;
    t.mock.method(globalThis, "queueMicrotask", (call: () => void) => {
      queueMicrotask(() => {
        try {
          call();
        } catch (thrown) {
          own.push(String(thrown));
        }
      });
    });
    const isBack = conditions.until("it comes back", () => told.length >= 6);
    let asked = 0;
    const source = new EventSource(`http://127.0.0.1:${Object(server.address()).port}/`, {
      async headers() {
        if (asked++ === 0) throw new TypeError("no network");
        return {};
      },
    });
    t.after(() => source.close());
    const fail = ({ type }: Event) => {
      told.push(type);
      conditions.changed();
      throw new Error(`mine, of ${type}`);
    };
    source.onopen = fail;
    source.onmessage = fail;
    source.onerror = fail;
    await isBack;
    source.close();
    const kinds = ["error", "open", "message", "message", "error", "open"];
    assert.deepEqual(told.slice(0, 6), kinds);
    assert.deepEqual(
      own.slice(0, 4),
      kinds.slice(0, 4).map((type) => `Error: mine, of ${type}`),
    );
  });

  it("runs the guide's sample unchanged in a page", {
    skip: noSample || noBrowser,
  }, async () => {
    const text = await readFile(sampleUrl, "utf8");
    const sample = text.replace(/(BASE_URL = )"[^"]*"/, `$1${JSON.stringify(hub.url)}`);
    assert.notEqual(sample, text);
    const { page } = await openPage<string>(browser, site.origin);
    const conditions = createConditions();
    const lines: string[] = [];
    page.on("console", (message) => {
      lines.push(message.text());
      conditions.changed();
    });
    const set = `const { EventSource } = client; const siteId = ${JSON.stringify(home.siteId)};
      const token = ${JSON.stringify(home.token)};`;
    const asked = page.waitForResponse((response) => response.url().includes("/stream/sites/"));
    await page.evaluate(`(() => { ${set}\n${sample} })()`);
    await asked;
    await publish(-3_000);
    await conditions.until("a line", () => lines.includes("Solar: -3000W"));
    await page.close();
  });
});
