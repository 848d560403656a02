import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type ApiDocument, apiTypes } from "@novacore/reference";
import { startHub, type TestHub } from "../support/hub.ts";
import { inPassing, operationRows } from "./operation-rows.ts";
import { createStage, type Stage } from "./operation-stage.ts";
import { type Requests, recordRequests } from "./requests.ts";

let hub: TestHub;
let document: ApiDocument;
let stage: Stage;
let requests: Requests;

before(async () => {
  hub = await startHub();
  const response = await fetch(`${hub.url}/openapi.json`);
  document = JSON.parse(await response.text());
  stage = await createStage(hub);
  requests = recordRequests();
});
after(async () => {
  requests?.end();
  await hub?.close();
});

test("the client's types are those of the API; `npm run api-types` writes them anew", async (t) => {
  const path = new URL("../../packages/client/src/openapi.ts", import.meta.url);
  t.assert.fileSnapshot(await apiTypes(document), fileURLToPath(path), { serializers: [String] });
});

test("every operation has a row, and nothing else has", () => {
  const names = operations().map(({ operationId }) => operationId);
  assert.deepEqual(Object.keys(operationRows).toSorted(), names.toSorted());
});

for (const [id, row] of Object.entries(operationRows)) {
  test(`${id} is called by a method, and answered`, async () => {
    requests.forget();
    const answer = await row(stage);
    const called = requests.made().map(nameOf);
    assert.ok(called.includes(id), `it called ${called.join(", ")}`);
    if (inPassing.has(id)) return;
    const isEmpty = answer === undefined || answer === null;
    assert.equal(isEmpty, !hasContent(id), JSON.stringify(answer));
  });
}

test("every call is ended by its signal, with the signal's reason", async () => {
  const reason = new Error("not wanted any more");
  const signal = AbortSignal.abort(reason);
  for (const [id, row] of Object.entries(operationRows)) {
    if (!inPassing.has(id)) await assert.rejects(row(stage, { signal }), reason, id);
  }
});

function operations() {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      route: `${method.toUpperCase()} ${path}`,
    })),
  );
}

/** The operation that a request calls: of the routes that fit, the one that says most of it. */
function nameOf(request: string): string | undefined {
  const fitting = operations().filter(({ route }) =>
    new RegExp(`^${RegExp.escape(route).replaceAll(/\\\{\w+\\\}/g, "[^/]+")}$`).test(request),
  );
  const parameters = ({ route }: { readonly route: string }) => route.split("{").length;
  return fitting.toSorted((a, b) => parameters(a) - parameters(b))[0]?.operationId;
}

function hasContent(id: string): boolean {
  const found = operations().find(({ operationId }) => operationId === id);
  return (found?.responses[200] ?? found?.responses[201])?.content !== undefined;
}
