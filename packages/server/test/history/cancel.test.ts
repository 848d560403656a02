import assert from "node:assert/strict";
import { test } from "node:test";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify from "fastify";
import { createHistoryTurns } from "../../src/history-turns.ts";
import { registerErrorHandler } from "../../src/rest/errors.ts";
import { telemetryRoutes } from "../../src/rest/telemetry.ts";
import { UnreadAnswers } from "../../src/rest/unread-answers.ts";
import { requestValidator } from "../../src/rest/validator.ts";
import { until } from "../deliver/stream-hub.ts";
import { HistoryStore } from "./history-store.ts";

/** Runs for minutes where nobody ends it. */
const endless =
  "select count(*) from range(1000000000) a, range(1000000) b where hash(a.range + b.range) = 7";

test("a query whose client hangs up is ended in DuckDB", async (t) => {
  const store = await HistoryStore.start(t);
  const thread = store.thread(t);
  const { identities, organizations, sites, devices } = store.registry;
  const { identity } = await identities.register({ type: "user", publicKeys: ["a".repeat(64)] });
  const { id: orgId } = await organizations.create({ name: "Test", ownerId: identity.id });
  const { id: siteId } = await sites.create(orgId, { name: "Home" });
  const app = fastify().withTypeProvider<TypeBoxTypeProvider>();
  registerErrorHandler(app);
  app.setValidatorCompiler(requestValidator);
  const caller = {
    ...{ identityId: identity.id, identityType: "user" as const },
    ...{ tokenId: "t", expiresAt: Number.MAX_SAFE_INTEGER },
  };
  await app.register(telemetryRoutes, {
    access: { authorize: async () => ({ orgId, role: "owner", sites: "all" }) },
    registry: { sites, devices },
    callerOf: async () => caller,
    inTurn: createHistoryTurns(),
    unread: new UnreadAnswers(),
    history: {
      sources: store.sources,
      duck: {
        async range(_job, signal) {
          await thread.select({ sql: endless, parameters: [], tables: [] }, signal);
          throw new Error("it ended by itself");
        },
      },
    },
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  t.after(() => app.close());
  const client = new AbortController();
  const { signal } = client;
  const request = fetch(`${url}/sites/${siteId}/telemetry?from=${Date.now() - 1}`, { signal });
  await until(() => thread.usage.running === 1, "the query runs");
  client.abort();
  await assert.rejects(request, { name: "AbortError" });
  await until(() => thread.usage.running === 0, "DuckDB has let go of it");
});
