import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createPerson, createSite, signUp } from "@novacore/simulator";
import { type Answer, createAsk, refusalOf } from "../support/ask.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { listen } from "../support/listener.ts";

const secondMs = 1_000;
const minutes = 5;

describe("telemetry over REST", () => {
  let hub: TestHub;
  let home: Home;
  /** A whole minute an hour ago. */
  let startMs: number;

  before(async () => {
    hub = await startHub({ NOVACORE_ARCHIVE_INTERVAL: "0.3" });
    home = await createHome(hub);
    startMs = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;
    for (let i = 0; i < minutes * 6; i++) {
      const timestamp = startMs + i * 10 * secondMs;
      await home.publish("meter", { type: "meter", timestamp, W: i * 10, vendor: { i } });
      await home.publish("battery", { type: "battery", timestamp, W: -i, SoC_nom_fract: 0.5 });
    }
  });
  after(() => hub?.close());

  async function get(
    path: string,
    { token = home.token, ...headers }: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await createAsk(hub.url)("GET", path, { token, headers });
    const { headers: answered, text } = answer;
    if (answered.get("content-type")?.includes("ndjson") !== true) return answer;
    return {
      ...answer,
      body: text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    };
  }

  async function getOk(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await get(path, headers);
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    return answer;
  }

  const ofDer = (key: "meter" | "battery" | "solar", query = "") =>
    `/ders/${home.ders[key].derId}/telemetry?from=${startMs}${query}`;
  const ofSite = (query = "") => `/sites/${home.siteId}/telemetry?from=${startMs}${query}`;

  async function pages(path: string): Promise<{ rows: object[]; count: number }> {
    const rows: object[] = [];
    let count = 0;
    for (let next: string | undefined = path; next !== undefined; count++) {
      const { body, headers }: Answer = await getOk(next);
      rows.push(...body.data);
      next = /^<(.+)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1];
    }
    return { rows, count };
  }

  it("aggregates by minutes, says what it used, and where a live stream goes on", async () => {
    const { body, headers } = await getOk(ofDer("meter", "&resolution=1m&fields=W"));
    const { resolution, timezone, agg, units, cursor, from } = body;
    assert.deepEqual(
      { resolution, timezone, agg },
      {
        ...{ resolution: "1m", timezone: "UTC", agg: ["mean"] },
      },
    );
    assert.equal(from, new Date(startMs).toISOString());
    assert.deepEqual(units, { timestamp: "ms", W: "W" });
    assert.equal(headers.get("novacore-cursor"), cursor);
    const der_id = home.ders.meter.derId;
    const expected = Array.from({ length: minutes }, (_, minute) => ({
      ...{ der_id, timestamp: startMs + minute * 60_000, n: 6, W: minute * 60 + 25 },
    }));
    assert.deepEqual(body.data, expected);
  });

  it("takes several aggregates, fills, and chooses a resolution", async () => {
    const until = `&to=${startMs + 10 * 60_000}`;
    const several = "&resolution=1m&fields=W,type&agg=first,last&fill=previous";
    const { body } = await getOk(ofDer("meter", until + several));
    const last = { W_first: 240, W_last: 290, type_first: "meter", type_last: "meter" };
    assert.deepEqual(body.data.at(-1), {
      ...{ der_id: home.ders.meter.derId, timestamp: startMs + 9 * 60_000, n: 0, ...last },
    });
    const auto = await getOk(ofSite(`${until}&max_points=10`));
    assert.equal(auto.body.resolution, "1m");
    const fields = new Set(auto.body.data.flatMap((row: object) => Object.keys(row)));
    assert.deepEqual([...fields].sort(), ["SoC_nom_fract", "W", "der_id", "n", "timestamp"]);
    const chart = await getOk(ofDer("meter", "&agg=lttb&max_points=5"));
    assert.equal(chart.body.data.length, 5);
    assert.equal(chart.body.data[0].W, 0);
    assert.equal(chart.body.data[4].W, 290);
  });

  it("gives single readings as a stream does, page by page", async () => {
    const stream = `/stream/sites/${home.siteId}?since=0`;
    const live = await listen(hub.url + stream, { token: home.token });
    const all = minutes * 6 * 2;
    await live.until("all readings", () => live.readings().length >= all);
    await live.close();
    const byTime = (a: { timestamp: number; der_id: string }, b: typeof a) =>
      a.timestamp - b.timestamp || (a.der_id < b.der_id ? -1 : 1);
    const expected = live.readings().slice(0, all).sort(byTime);
    const { rows, count } = await pages(ofSite("&resolution=raw&limit=7"));
    assert.deepEqual(rows, expected);
    assert.equal(count, Math.ceil(all / 7));
    const { body } = await getOk(ofSite("&resolution=raw"), { accept: "application/x-ndjson" });
    assert.deepEqual(body, expected);
    const some = await pages(ofDer("battery", "&resolution=raw&fields=W,SoC_nom_fract&limit=30"));
    assert.deepEqual(some.rows[1], {
      ...{ der_id: home.ders.battery.derId, timestamp: startMs + 10 * secondMs },
      ...{ W: -1, SoC_nom_fract: 0.5 },
    });
  });

  it("ends a page early where what readings have besides is long, and loses none", async () => {
    const note = "x".repeat(60_000);
    const count = 150;
    for (let i = 0; i < count; i++) {
      await home.publish("charger", { type: "ev_charger", timestamp: startMs + i, W: i, note });
    }
    const { derId } = home.ders.charger;
    const { rows, count: pageCount } = await pages(
      `/ders/${derId}/telemetry?from=${startMs}&resolution=raw`,
    );
    assert.equal(pageCount, 2);
    assert.deepEqual(
      rows.map((row) => "W" in row && row.W),
      Array.from({ length: count }, (_, i) => i),
    );
  });

  it("has a reading that was stored a moment ago, in readings, aggregates and the latest", async () => {
    const timestamp = Date.now() + 60_000;
    await home.publish("solar", { type: "pv", timestamp, W: -1_234 });
    const raw = await getOk(ofDer("solar", "&resolution=raw"));
    assert.deepEqual(
      raw.body.data.map(({ W }: { W: number }) => W),
      [-1_234],
    );
    const { body } = await getOk(ofDer("solar", "&resolution=5m"));
    assert.equal(body.data[0].W, -1_234);
    const latest = await getOk(`/telemetry/latest?der_id=${home.ders.solar.derId}`);
    const [{ reading, state, age_ms }] = latest.body.data;
    assert.deepEqual([reading.W, reading.timestamp, state], [-1_234, timestamp, "online"]);
    assert.ok(age_ms >= 0 && age_ms < 60_000);
    const live = await listen(`${hub.url}/stream/sites/${home.siteId}?since=${body.cursor}`, home);
    await home.publish("solar", { type: "pv", timestamp: timestamp + 1, W: -1 });
    const next = await live.until("what comes next", () => live.readings()[0]);
    assert.equal(next.W, -1);
    await live.close();
  });

  it("tells the newest of each DER, a late one not, and pages", async () => {
    const late = { type: "battery", timestamp: startMs - 600_000, W: 999 };
    await home.publish("battery", late);
    const { body } = await getOk(`/telemetry/latest?site_id=${home.siteId}`);
    const ofKey = (key: "meter" | "battery" | "v2x") =>
      body.data.find((each: { der_id: string }) => each.der_id === home.ders[key].derId);
    assert.equal(ofKey("meter").reading.W, (minutes * 6 - 1) * 10);
    assert.equal(ofKey("battery").reading.W, -(minutes * 6 - 1));
    const { reading, state, why } = ofKey("v2x");
    assert.deepEqual([reading, state, why], [null, "offline", "never_reported"]);
    const { rows, count } = await pages(`/telemetry/latest?org_id=${home.orgId}&limit=2`);
    const ids = (list: readonly object[]) => list.map((each) => Object(each).der_id);
    assert.deepEqual(ids(rows), ids(body.data));
    assert.equal(count, 4, "seven devices, two in a page");
  });

  it("is sent as Accept asks, or not at all", async () => {
    const types = [
      ["application/json", "application/json"],
      ["*/*", "application/json"],
      ["text/csv;q=0.5, application/json;q=0.1", "text/csv"],
      ["text/*", "text/csv"],
      ["application/vnd.apache.parquet", "application/vnd.apache.parquet"],
      ["application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream"],
    ] as const;
    for (const [accept, expected] of types) {
      const { headers } = await getOk(ofDer("meter", "&resolution=1m"), { accept });
      assert.ok(headers.get("content-type")?.startsWith(expected), accept);
    }
    for (const accept of ["image/png", "application/json;q=0"]) {
      const refused = await get(ofDer("meter"), { accept });
      assert.deepEqual(refusalOf(refused), [406, "not_acceptable"]);
      assert.match(refused.body.message, /application\/json, .*text\/csv/);
    }
  });

  it("is not sent again to whom has it", async () => {
    const query = `&to=${startMs + 60_000}&resolution=10s`;
    const past = ofDer("meter", query);
    const etag = (await getOk(past)).headers.get("etag") ?? "";
    const again = await get(past, { "if-none-match": etag });
    assert.deepEqual([again.status, again.text], [304, ""]);
    const others = [past.replace("10s", "5s"), `${past}&fields=W`, ofDer("battery", query)];
    for (const other of others) {
      assert.equal((await get(other, { "if-none-match": etag })).status, 200, other);
    }
    const timestamp = startMs + 5 * secondMs;
    await home.publish("meter", { type: "meter", timestamp, W: 1_000 });
    const changed = await getOk(past, { "if-none-match": etag });
    assert.equal(changed.body.data[0].n, 2);
  });

  it("carries what browsers may read, and how many requests are left", async () => {
    const { headers } = await getOk(ofDer("meter"));
    assert.match(headers.get("ratelimit-limit") ?? "", /^\d+$/);
    assert.match(headers.get("cache-control") ?? "", /private/);
  });

  it("follows a device to another site, where it shows what the caller may see", async () => {
    const owner = createApi(hub.url, home.token);
    const { devices } = await owner("GET", `/sites/${home.siteId}`);
    const device = devices.find((each: { ders: { id: string }[] }) =>
      each.ders.some(({ id }) => id === home.ders.battery.derId),
    );
    const elsewhere = await createSite(home.session, { orgId: home.orgId, name: "New house" });
    const member = await signUp(hub.url, createPerson());
    await owner("POST", `/organizations/${home.orgId}/members`, {
      ...{ identity_id: member.identityId, role: "viewer", site_ids: [elsewhere] },
    });
    await owner("PUT", `/devices/${device.id}`, { site_id: elsewhere });
    // Nothing of the time at a site that is not theirs to see, not even when it was.
    const { derId } = home.ders.battery;
    for (const path of [`/sites/${elsewhere}/status`, `/gateways/${home.gateway.serial}/status`]) {
      const { body } = await getOk(path, { token: member.token });
      const { timestamp, received_at } = body.ders.find(
        (der: { der_id: string }) => der.der_id === derId,
      );
      assert.deepEqual([timestamp, received_at], [null, null], path);
    }
    const latest = await getOk(`/telemetry/latest?der_id=${derId}`, { token: member.token });
    const [{ reading, age_ms }] = latest.body.data;
    assert.deepEqual([reading, age_ms], [null, null]);
    const timestamp = Date.now();
    await home.publish("battery", { type: "battery", timestamp, W: 77 });
    const path = ofDer("battery", "&resolution=raw");
    const all = await getOk(path);
    assert.equal(all.body.data.length, minutes * 6 + 1);
    const seen = await getOk(path, { token: member.token });
    assert.deepEqual(
      seen.body.data.map(({ W }: { W: number }) => W),
      [77],
    );
    const site = await getOk(`/sites/${elsewhere}/telemetry?from=${startMs}&resolution=raw`);
    assert.equal(site.body.data.length, 1);
  });
});
