import { fileURLToPath } from "node:url";
import { Novacore } from "@novacore/client";
import { natsTransport } from "@novacore/client/nats";
import type { EnrichedReading } from "@novacore/protocol";
import { args, chromiumPath, openPage, startBrowser } from "../browser/browser.ts";
import { bundle } from "../browser/bundle.ts";
import { backEndToken, createBackEnd } from "../support/back-end.ts";
import { createConditions } from "../support/conditions.ts";
import type { Home } from "../support/home.ts";
import { type Ear, findReading } from "./ear.ts";

export const clientTransports = ["sse", "websocket", "nats"] as const;

export type ClientTransport = (typeof clientTransports)[number];

/** Listens as a program in Node does. */
export async function openClient(home: Home, way: ClientTransport): Promise<Ear> {
  const transport = way === "nats" ? natsTransport() : way;
  const nova = new Novacore({ baseUrl: home.url, token: await tokenFor(home), transport });
  const stream = nova.site(home.siteId).readings();
  const readings: EnrichedReading[] = [];
  const conditions = createConditions();
  const connected = stream.states().next();
  const listening = (async () => {
    for await (const reading of stream) {
      readings.push(reading);
      conditions.changed();
    }
  })();
  listening.catch((error: Error) => conditions.fail(error));
  await connected;
  return {
    hears: (derId, timestamp) =>
      conditions.until("the reading arrives", () => findReading(readings, derId, timestamp)),
    async close() {
      stream.close();
      await listening;
    },
  };
}

/** NATS is open to integrations alone. */
async function tokenFor(home: Home): Promise<string> {
  return backEndToken(home.url, await createBackEnd(home));
}

const pageClient = fileURLToPath(import.meta.resolve("../client/page-client.ts"));

/** What a web app does; `tell` is the test's. */
const script = `
async function listen(baseUrl, token, siteId, way) {
  const transport = way === "nats" ? novacore.natsTransport() : way;
  const nova = new novacore.Novacore({ baseUrl, token, transport });
  const stream = nova.site(siteId).readings();
  stream.onEvent(({ kind }) => tell({ kind }));
  // As text: what a page hands over otherwise loses its nulls.
  for await (const reading of stream) tell({ kind: "reading", text: JSON.stringify(reading) });
}`;

type Told =
  | { readonly kind: "reading"; readonly text: string }
  | { readonly kind: "connected" | "caught_up" | "lost" | "ended" };

/** Listens as a page in headless Chromium does, which is of the hub's own origin. */
export async function openPageClient(home: Home, way: ClientTransport): Promise<Ear> {
  if (chromiumPath === undefined) throw new Error("Chromium is not installed");
  await using opened = new AsyncDisposableStack();
  const browser = await startBrowser(chromiumPath);
  opened.defer(() => browser.close());
  const { page, told, until } = await openPage<Told>(browser, `${home.url}/healthz`);
  await page.addScriptTag({ content: (await bundle(pageClient, "novacore")) + script });
  const wish = args(home.url, await tokenFor(home), home.siteId, way);
  // Not awaited in the page: it goes on until the page is closed.
  await page.evaluate(`void listen(${wish})`);
  await until("it is connected", () => told.some(({ kind }) => kind === "connected"));
  const readings: EnrichedReading[] = [];
  let parsed = 0;
  const running = opened.move();
  return {
    hears: (derId, timestamp) =>
      until("the reading arrives", () => {
        for (const each of told.slice(parsed)) {
          if (each.kind === "reading") readings.push(JSON.parse(each.text));
        }
        parsed = told.length;
        return findReading(readings, derId, timestamp);
      }),
    close: () => running.disposeAsync(),
  };
}
