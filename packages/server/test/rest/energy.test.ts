import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, { type FastifyInstance } from "fastify";
import { type Cell, quarterMs } from "../../src/history/cells.ts";
import { assembleEnergy, cellRange } from "../../src/history/energy.ts";
import { createHistoryTurns } from "../../src/history-turns.ts";
import { createCallerOf } from "../../src/rest/authenticate.ts";
import { energyRoutes } from "../../src/rest/energy.ts";
import { registerErrorHandler } from "../../src/rest/errors.ts";
import { type Person, type RestHub, startRestHub } from "./rest-hub.ts";

const fromMs = Date.parse("2026-10-24T22:00:00Z");
const nowMs = Date.parse("2026-11-24T12:00:00Z");

describe("a site's energy over REST", () => {
  let hub: RestHub;
  let app: FastifyInstance;
  let owner: Person;
  let siteId: string;
  let asked: { siteId: string; fromMs: number; toMs: number; signal: AbortSignal }[] = [];

  before(async () => {
    hub = await startRestHub();
    owner = await hub.person();
    const orgId = (await owner.call("POST", "/organizations", { name: "Home" })).body.id;
    const site = { org_id: orgId, name: "House", timezone: "Europe/Stockholm" };
    siteId = (await owner.call("POST", "/sites", site)).body.id;
    app = fastify().withTypeProvider<TypeBoxTypeProvider>();
    registerErrorHandler(app);
    await app.register(energyRoutes, {
      ...{ access: hub.access, registry: hub.registry, callerOf: createCallerOf(hub.access) },
      now: () => nowMs,
      inTurn: createHistoryTurns(),
      async readEnergy({ id: siteId }, options, signal) {
        const { resolution, timezone } = options;
        asked.push({
          ...{ siteId, signal },
          ...cellRange(options.fromMs, options.toMs, resolution, timezone),
        });
        return { energy: assembleEnergy(cellsOfDay(), options), cursor: "here" };
      },
    });
  });
  beforeEach(() => {
    asked = [];
  });
  after(async () => {
    await app.close();
    await hub[Symbol.asyncDispose]();
  });

  const get = async (query: string, person = owner, site = siteId) => {
    const response = await app.inject({
      url: `/sites/${site}/energy${query}`,
      headers: { authorization: `Bearer ${person.token}` },
    });
    return { status: response.statusCode, body: response.json() };
  };

  it("is answered by the days of its time zone, with where each value is from", async () => {
    const { status, body } = await get("?from=2026-10-25&to=2026-10-26&resolution=1d");
    assert.equal(status, 200, JSON.stringify(body));
    const day = {
      start: "2026-10-25T00:00:00+02:00",
      end: "2026-10-26T00:00:00+01:00",
      ...{ imported_kWh: 12.5, exported_kWh: 2.5, produced_kWh: null },
      ...{ charged_kWh: null, discharged_kWh: null, ev_charged_kWh: null, ev_discharged_kWh: null },
      ...{ consumed_kWh: 10, self_consumption: null, self_sufficiency: 0 },
      sources: { imported: "counter", exported: "counter" },
      gaps_ms: { imported: 0, exported: 0 },
    };
    assert.deepEqual(body, {
      ...{ site_id: siteId, timezone: "Europe/Stockholm", resolution: "1d" },
      periods: [day],
      total: day,
      cursor: "here",
    });
    const [{ signal, ...range } = assert.fail("nothing was read")] = asked;
    assert.deepEqual(range, {
      siteId,
      fromMs: fromMs - 86_400_000,
      toMs: fromMs + (25 + 24) * 3_600_000,
    });
    assert.equal(signal.aborted, false);
  });

  it("is answered by hours, the one that comes twice as two", async () => {
    const { body } = await get(`?from=${fromMs}&to=2026-10-26&resolution=1h`);
    const starts = body.periods.map(({ start }: { start: string }) => start.slice(11));
    assert.deepEqual(starts.slice(1, 5), [
      "01:00:00+02:00",
      "02:00:00+02:00",
      "02:00:00+01:00",
      "03:00:00+01:00",
    ]);
    assert.equal(body.periods.length, 25);
    const sum = body.periods.reduce(
      (all: number, { imported_kWh }: { imported_kWh: number }) => all + imported_kWh,
      0,
    );
    assert.ok(Math.abs(sum - 12.5) < 1e-4);
  });

  it("is answered as CSV too, and not twice to who has it already", async () => {
    const url = `/sites/${siteId}/energy?from=2026-10-25&to=2026-10-26`;
    const authorization = `Bearer ${owner.token}`;
    const ask = (headers: Record<string, string>) =>
      app.inject({ url, headers: { authorization, ...headers } });
    const csv = await ask({ accept: "text/csv" });
    assert.equal(csv.headers["content-type"], "text/csv");
    assert.equal(csv.headers["novacore-cursor"], "here");
    const [names = "", first = "", ...others] = csv.body.split("\r\n");
    assert.deepEqual(others, [""]);
    const values = first.split(",");
    const row = Object.fromEntries(names.split(",").map((name, at) => [name, values[at]]));
    assert.equal(row.start, "2026-10-25T00:00:00+02:00");
    assert.deepEqual([row.imported_kWh, row.produced_kWh, row.consumed_kWh], ["12.5", "", "10"]);
    assert.deepEqual([row.imported_source, row.imported_gap_ms], ["counter", "0"]);
    assert.deepEqual([row.charged_source, row.charged_gap_ms], ["", ""]);

    const json = await ask({});
    assert.equal(json.headers["cache-control"], "private, max-age=3600");
    assert.notEqual(json.headers.etag, csv.headers.etag);
    const again = await ask({ "if-none-match": String(json.headers.etag) });
    assert.deepEqual([again.statusCode, again.body], [304, ""]);
    assert.equal((await ask({ accept: "image/png" })).statusCode, 406);
  });

  it("is nobody's who may not see the site, and no cells are read for that", async () => {
    const stranger = await hub.person();
    assert.equal((await get("?from=2026-10-25", stranger)).status, 404);
    assert.equal((await get("?from=2026-10-25", owner, "nowhere")).status, 404);
    const { statusCode } = await app.inject({ url: `/sites/${siteId}/energy?from=2026-10-25` });
    assert.equal(statusCode, 401);
    assert.deepEqual(asked, []);
  });

  it("is refused with the path of what is wrong, and no cells are read for that", async () => {
    const rows: readonly [query: string, path: string][] = [
      ["", "/from"],
      ["?from=2026-10-26&to=2026-10-25", "/to"],
      ["?from=NaN", "/from"],
      ["?from=2026-10-25&to=2026-10-25T12:00:00Z%27;drop%20table", "/to"],
      ["?from=2016-01-01&to=2026-01-01&resolution=1mo", "/from"],
      ["?from=2025-12-01&to=2026-11-01&resolution=15m", "/from"],
      ["?from=2026-10-25&resolution=raw", "/resolution"],
      ["?from=2026-10-25&from=2026-10-26", "/from"],
      ["?from=2026-10-25&step=1h", "/step"],
    ];
    for (const [query, path] of rows) {
      const { status, body } = await get(query);
      assert.deepEqual([status, body.error], [422, "validation_failed"], query);
      assert.deepEqual(
        body.details.map((detail: { path: string }) => detail.path),
        [path],
        query,
      );
    }
    assert.deepEqual(asked, []);
  });
});

/** 0.5 kWh in and 0.1 kWh out in each hour of the day with 25. */
function cellsOfDay(): Cell[] {
  return Array.from({ length: 100 }, (_, quarter) => {
    const startMs = fromMs + quarter * quarterMs;
    const at = { firstMs: startMs, lastMs: startMs + quarterMs };
    return {
      ...{ derId: "grid", quarterMs: startMs, type: "meter" as const, power: undefined },
      in: { ...at, firstWh: quarter * 125, lastWh: (quarter + 1) * 125, increaseWh: 125 },
      out: { ...at, firstWh: quarter * 25, lastWh: (quarter + 1) * 25, increaseWh: 25 },
    };
  });
}
