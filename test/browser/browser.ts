import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { type Condition, createConditions } from "../support/conditions.ts";
import { findTool } from "../support/tools.ts";

/** The browser on this machine, or undefined so that tests can say what they skip. */
export const chromiumPath = findTool(
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
);

export interface Browser {
  newPage: BrowserContext["newPage"];
  close(): Promise<void>;
}

/** Headless Chromium with a profile of its own, which goes with it. */
export async function startBrowser(executablePath: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "novacore-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
  return {
    newPage: () => context.newPage(),
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** A page at work, and what its scripts have said by calling `tell`. */
export interface OpenPage<Told> {
  readonly page: Page;
  readonly told: readonly Told[];
  /** Waits until `found` answers something; asked again whenever the page tells something. */
  readonly until: Condition;
}

export async function openPage<Told>(browser: Browser, url: string): Promise<OpenPage<Told>> {
  const page = await browser.newPage();
  const told: Told[] = [];
  const conditions = createConditions();
  await page.exposeFunction("tell", (each: Told) => {
    told.push(each);
    conditions.changed();
  });
  await page.goto(url);
  return { page, told, until: conditions.until };
}

/** Values as the arguments of a call that a page evaluates. */
export function args(...values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(", ");
}

/** Serves one page; its URL without the path is its origin. */
export async function servePage(html: string): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const found = request.url === "/";
    response.writeHead(found ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
    response.end(found ? html : "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
