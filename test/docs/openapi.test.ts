import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readingSchemas } from "@novacore/protocol";
import { Validator } from "@seriousme/openapi-schema-validator";
import { chromiumPath, startBrowser } from "../browser/browser.ts";
import { startHub, type TestHub } from "../support/hub.ts";

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly description?: string }[];
  readonly responses: Readonly<Record<string, { readonly headers?: object } | undefined>>;
}

const sources = fileURLToPath(new URL("../../packages/server/src", import.meta.url));

let hub: TestHub;
let response: Response;
// biome-ignore lint/suspicious/noExplicitAny: tests read a document as a client without types does
let document: any;
const operations: [route: string, operation: Operation][] = [];

before(async () => {
  hub = await startHub();
  response = await fetch(`${hub.url}/openapi.json`);
  document = await response.json();
  for (const [path, methods] of Object.entries<Record<string, Operation>>(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      operations.push([`${method.toUpperCase()} ${path}`, operation]);
    }
  }
});
after(() => hub?.close());

test("/openapi.json is a valid OpenAPI 3.1 document", async () => {
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document));
  assert.ok(valid, JSON.stringify(errors, undefined, 2));
  assert.equal(validator.version, "3.1");
});

test("a client that has the document is told that it has not changed", async () => {
  const headers = { "if-none-match": response.headers.get("etag") ?? "" };
  const again = await fetch(`${hub.url}/openapi.json`, { headers });
  assert.deepEqual([again.status, await again.text()], [304, ""]);
});

test("every route of the sources is in it, and nothing else", async () => {
  const routes = new Set<string>();
  for await (const file of glob("**/*.ts", { cwd: sources })) {
    if (file.endsWith(".test.ts")) continue;
    const source = await readFile(`${sources}/${file}`, "utf8");
    for (const [, method = "", path = ""] of source.matchAll(/\bapp\.(\w+)\(\s*"(\/[^"]*)"/g)) {
      routes.add(`${method.toUpperCase()} ${toTemplate(path)}`);
    }
    // Routes that are made in a loop stand in a table of their own.
    for (const [, path = ""] of source.matchAll(/\burl: "(\/\w[^"]*)"/g)) {
      routes.add(`GET ${toTemplate(path)}`);
    }
  }
  assert.ok(routes.size > 60);
  assert.deepEqual(operations.map(([route]) => route).toSorted(), [...routes].toSorted());
});

test("every operation has a name of its own, a summary and a tag that is explained", () => {
  const explained = document.tags.map(({ name }: { name: string }) => name);
  const names = operations.map(([route, { operationId = "", summary = "", tags }]) => {
    assert.match(operationId, /^[a-z]+([A-Z][a-z]+)+$/, route);
    assert.match(summary, /^[A-Z].*[^.]$/, route);
    assert.equal(tags.length, 1, route);
    assert.ok(explained.includes(tags[0]), route);
    return operationId;
  });
  assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted());
});

test("every parameter says what it is for", () => {
  for (const [route, { parameters = [] }] of operations) {
    for (const { name, description } of parameters) {
      assert.ok(description !== undefined && description !== "", `${name} of ${route}`);
    }
  }
});

test("every operation tells its refusals, and those that need a token a 401", () => {
  for (const [route, { responses, security }] of operations) {
    assert.ok(responses["4XX"] && responses["503"], route);
    assert.equal(responses["401"] !== undefined, security?.length !== 0, route);
  }
});

test("limits, pages and unchanged answers are told by headers", () => {
  const headersOf = (operationId: string) => {
    const [, operation] = operations.find(([, each]) => each.operationId === operationId) ?? [];
    return Object.keys(operation?.responses["200"]?.headers ?? {}).toSorted();
  };
  const limited = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];
  assert.deepEqual(headersOf("listSites"), ["Link", ...limited]);
  assert.deepEqual(headersOf("getSite"), limited);
  assert.deepEqual(headersOf("describeApi"), ["Cache-Control", "ETag"]);
  assert.deepEqual(headersOf("getHealth"), []);
});

test("readings stand in it as the protocol has them", () => {
  for (const [type, schema] of Object.entries(readingSchemas)) {
    const described = document.components.schemas[Object(schema).title];
    assert.deepEqual(described, JSON.parse(JSON.stringify(schema)), type);
  }
});

test("/docs shows every operation, asks the hub alone and has nothing to complain about", {
  skip: chromiumPath === undefined ? "Chromium is not installed" : false,
}, async () => {
  const browser = await startBrowser(chromiumPath ?? "");
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
    });
    page.on("request", (request) => {
      const isOwn = request.url().startsWith("data:") || request.url().startsWith(`${hub.url}/`);
      if (!isOwn) problems.push(`it asked for ${request.url()}`);
    });
    await page.goto(`${hub.url}/docs`);
    await page.getByText("Create an organization", { exact: true }).waitFor();
    assert.equal(await page.locator(".opblock").count(), operations.length);
    await page.getByText("Create an organization", { exact: true }).click();
    await page.getByText("NewOrganization").first().waitFor();
    assert.deepEqual(problems, []);
  } finally {
    await browser.close();
  }
});

function toTemplate(path: string): string {
  return path.replaceAll(/:(\w+)/g, "{$1}");
}
