import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createPerson, createSite, signUp } from "@novacore/simulator";
import { type Answer, createAsk, notFound, refusalOf } from "../support/ask.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";

describe("telemetry over REST, where it is refused", () => {
  let hub: TestHub;
  let home: Home;
  const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;

  before(async () => {
    hub = await startHub();
    home = await createHome(hub);
    await home.publish("meter", { type: "meter", timestamp: startMs, W: 1 });
  });
  after(() => hub?.close());

  const get = (path: string, { token = home.token } = {}): Promise<Answer> =>
    createAsk(hub.url)("GET", path, { token });
  const ofMeter = (query = "") =>
    `/ders/${home.ders.meter.derId}/telemetry?from=${startMs}${query}`;

  it("is refused with path and reason where it cannot be, and nothing is looked for", async () => {
    const before = await queries();
    const day = 86_400_000;
    const bad: readonly [query: string, path: string, message: RegExp][] = [
      ["from=2026-01-02&to=2026-01-01", "/to", /later than from/],
      [`from=${startMs}&to=${startMs}`, "/to", /later than from/],
      ["to=2026-01-02", "/from", /missing/],
      ["from=yesterday", "/from", /ISO-8601/],
      ["from=NaN", "/from", /ISO-8601/],
      ["from=-1", "/from", /ISO-8601/],
      ["from=1e12", "/from", /ISO-8601/],
      [`from=${startMs - 3_650 * day}&resolution=raw`, "/from", /longer than the 31 days/],
      [`from=${startMs - 3_650 * day}&agg=lttb`, "/from", /longer than the 31 days/],
      ["from=1900-01-01", "/from", /ISO-8601/],
      [`from=${startMs - 1e9 * 1_000}&resolution=1s`, "/from", /longer|ISO/],
      [`from=${startMs - 300 * day}&resolution=1s`, "/resolution", /25\d* points.*ask for 1h/],
      [`from=${startMs}&resolution=3s`, "/resolution", /one of auto, raw, 1s/],
      [`from=${startMs}&resolution=1m&max_points=3&to=${startMs + day}`, "/resolution", /1440/],
      [`from=${startMs - 30 * day}&max_points=5`, "/max_points", /fewer than the 3\d days/],
      [`from=${startMs - 3_000 * day}`, "/from", /300\d days.*max_points/],
      [`from=${startMs}&max_points=NaN`, "/max_points", /integer/],
      [`from=${startMs}&max_points=1000000000`, "/max_points", /10000|<=/],
      [`from=${startMs}&fields=W,watts`, "/fields", /"watts".*no member/],
      [`from=${startMs}&fields=org_id`, "/fields", /no member/],
      [`from=${startMs}&fields=sequence`, "/fields", /no member/],
      [`from=${startMs}&fields=`, "/fields", /no member/],
      [`from=${startMs}&fields=status`, "/fields", /no mean/],
      [
        `from=${startMs}&fields=${encodeURIComponent('W") from readings; --')}`,
        "/fields",
        /no mem/,
      ],
      [`from=${startMs}&fields=constructor`, "/fields", /no member/],
      [`from=${startMs}&agg=median`, "/agg", /"median"/],
      [`from=${startMs}&agg=lttb,min`, "/agg", /alone/],
      [`from=${startMs}&agg=${encodeURIComponent("mean) from readings --")}`, "/agg", /holds/],
      [`from=${startMs}&fill=0`, "/fill", /one of none, null, previous/],
      [`from=${startMs}&resolution=raw&agg=min`, "/agg", /resolution=raw/],
      [`from=${startMs}&limit=3`, "/limit", /raw/],
      [`from=${startMs}&resolution=raw&limit=0`, "/limit", /./],
      [`from=${startMs}&tz=Europe/Atlantis`, "/tz", /Europe\/Atlantis/],
      [`from=${startMs}&tz=${encodeURIComponent("UTC'; drop table readings")}`, "/tz", /IANA/],
      [`from=${startMs}&from=${startMs}`, "/from", /string/],
      [`from=${startMs}&resolutoin=1m`, "/resolutoin", /no member that is known/],
    ];
    for (const [query, path, message] of bad) {
      const refused = await get(`/ders/${home.ders.meter.derId}/telemetry?${query}`);
      assert.deepEqual(refusalOf(refused), [422, "validation_failed"], `${query} ${refused.text}`);
      assert.equal(refused.body.details[0].path, path, `${query} ${refused.text}`);
      assert.match(refused.body.details[0].message, message, query);
    }
    const wide = await get(
      `/sites/${home.siteId}/telemetry?from=${startMs - 30 * day}&resolution=5m`,
    );
    assert.equal(wide.body.details?.[0].path, "/fields", wide.text);
    assert.match(wide.body.message, /columns of up to \d+ points, more than 1000000 values/);
    for (const cursor of ["x", "AAAA", "1", Buffer.from("1 2 3 4 ';--").toString("base64url")]) {
      const refused = await get(ofMeter(`&resolution=raw&cursor=${cursor}`));
      assert.deepEqual(refusalOf(refused), [400, "cursor_invalid"]);
    }
    for (const query of ["", "?org_id=a&site_id=b", "?der_id=a&der_id=b", "?site_id=%27"]) {
      assert.equal((await get(`/telemetry/latest${query}`)).status, 422, query);
    }
    assert.equal(await queries(), before);
  });

  it("is nothing for strangers, and nothing of sites that a member does not see", async () => {
    const before = await queries();
    const stranger = await signUp(hub.url, createPerson());
    const device = (await createApi(hub.url, home.token)("GET", `/sites/${home.siteId}`))
      .devices[0];
    const paths = [
      ofMeter(),
      `/sites/${home.siteId}/telemetry?from=0`,
      `/devices/${device.id}/telemetry?from=0`,
      `/telemetry/latest?org_id=${home.orgId}`,
      `/telemetry/latest?site_id=${home.siteId}`,
      `/telemetry/latest?der_id=${home.ders.meter.derId}`,
    ];
    const nowhere = "/ders/der-01/telemetry?from=0";
    for (const path of [...paths, nowhere]) {
      assert.deepEqual(refusalOf(await get(path, { token: stranger.token })), notFound, path);
      assert.equal((await get(path, { token: "nobody" })).status, 401);
    }
    const owner = createApi(hub.url, home.token);
    const elsewhere = await createSite(home.session, { orgId: home.orgId, name: "Elsewhere" });
    const member = await signUp(hub.url, createPerson());
    await owner("POST", `/organizations/${home.orgId}/members`, {
      ...{ identity_id: member.identityId, role: "viewer", site_ids: [elsewhere] },
    });
    for (const path of paths.filter((each) => !each.includes("org_id"))) {
      assert.deepEqual(refusalOf(await get(path, { token: member.token })), notFound, path);
    }
    const org = await get(`/telemetry/latest?org_id=${home.orgId}`, { token: member.token });
    assert.deepEqual(org.body.data, []);
    assert.equal(await queries(), before);
  });

  /** Queries that DuckDB has answered. */
  async function queries(): Promise<string> {
    const response = await fetch(`${hub.url}/metrics`);
    const lines = (await response.text()).split("\n");
    return lines.filter((line) => line.startsWith("novacore_history_queries_total")).join();
  }
});
