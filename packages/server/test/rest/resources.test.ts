import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { claimMessage, machineKey } from "./keys-for-tests.ts";
import { type Person, type RestHub, startRestHub } from "./rest-hub.ts";

describe("the way of a newcomer through the REST resources", () => {
  let hub: RestHub;
  let owner: Person;
  let orgId: string;
  let siteId: string;
  const gateway = machineKey();

  before(async () => {
    hub = await startRestHub();
    owner = await hub.person();
    orgId = (await owner.call("POST", "/organizations", { name: "Home" })).body.id;
    siteId = (await owner.call("POST", "/sites", { org_id: orgId, name: "House" })).body.id;
  });
  after(() => hub[Symbol.asyncDispose]());

  it("whoever creates an organization is its owner", async () => {
    const { status, body } = await owner.call("GET", `/organizations/${orgId}`);
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body), ["id", "name", "owner_id", "retention_days", "created_at"]);
    assert.equal(body.owner_id, owner.id);
    assert.match(body.id, /^org-[0-9a-z]{26}$/);
    assert.equal(new Date(body.created_at).toISOString(), body.created_at);
    const members = await owner.call("GET", `/organizations/${orgId}/members`);
    assert.deepEqual(
      members.body.map((member: { role: string }) => member.role),
      ["owner"],
    );
  });

  it("a site has optional time zone and place, which null takes away again", async () => {
    const place = { timezone: "Europe/Stockholm", latitude: 59.3, longitude: 18.1 };
    const made = await owner.call("POST", "/sites", { org_id: orgId, name: "Cabin", ...place });
    assert.equal(made.status, 201);
    assert.deepEqual({ ...made.body, ...place }, made.body);
    const path = `/sites/${made.body.id}`;
    const changed = await owner.call("PUT", path, { name: "Hut", latitude: null, longitude: null });
    assert.deepEqual(
      [changed.body.name, changed.body.timezone, changed.body.latitude],
      ["Hut", "Europe/Stockholm", null],
    );
    const wrong = await owner.call("PUT", path, { timezone: "Stockholm" });
    assert.deepEqual([wrong.status, wrong.body.details[0].path], [422, "/timezone"]);
    assert.equal((await owner.call("DELETE", path)).status, 204);
    assert.equal((await owner.call("GET", path)).status, 404);
  });

  it("a first claim answers 201, the same organization again 200 and nothing changes", async () => {
    const first = await hub.claim(owner, orgId, "gw-first", gateway);
    assert.equal(first.status, 201, JSON.stringify(first.body));
    assert.deepEqual([first.body.id, first.body.org_id], ["gw-first", orgId]);
    const second = await hub.claim(owner, orgId, "gw-first", gateway);
    assert.deepEqual([second.status, second.body], [200, first.body]);
  });

  it("provisioning twice keeps the ids and adds what is new", async () => {
    const body = {
      gateway_serial: "gw-first",
      hardware_id: "sungrow:A123",
      device_type: "inverter",
      site_id: siteId,
      ders: [{ name: "Solar-1", type: "solar" }],
    };
    const first = await owner.call("POST", "/devices/provision", body);
    assert.equal(first.status, 201, JSON.stringify(first.body));
    const { device_id, ders } = first.body;
    assert.deepEqual(first.body, {
      device_id,
      hardware_id: "sungrow:A123",
      device_type: "inverter",
      site_id: siteId,
      state: "pending",
      created: true,
      ders: [{ id: ders[0].id, name: "Solar-1", type: "solar" }],
    });
    const more = [...body.ders, { name: "grid", type: "meter" }];
    const { gateway_serial: identity, ...rest } = body;
    const second = await owner.call("POST", "/devices/provision", {
      ...rest,
      identity,
      ders: more,
    });
    assert.equal(second.status, 200);
    assert.deepEqual([second.body.device_id, second.body.created], [device_id, false]);
    assert.deepEqual(
      second.body.ders.map((der: { id: string; name: string }) => [der.id, der.name]),
      [
        [ders[0].id, "Solar-1"],
        [second.body.ders[1].id, "grid"],
      ],
    );
    const site = await owner.call("GET", `/sites/${siteId}`);
    assert.equal(site.body.devices[0].id, device_id);
    const listed = await owner.call("GET", `/sites/${siteId}/devices`);
    assert.deepEqual(listed.body, site.body.devices);
    const der = await owner.call("GET", `/ders/${ders[0].id}`);
    assert.deepEqual([der.status, der.body.device_id], [200, device_id]);
    const added = await owner.call("POST", `/devices/${device_id}/ders`, {
      name: "bat",
      type: "battery",
    });
    assert.equal(added.status, 201);
    const wrong = await owner.call("POST", `/devices/${device_id}/ders`, {
      name: "car",
      type: "ev_charger_port",
    });
    assert.deepEqual([wrong.status, wrong.body.error], [422, "der_type_not_allowed"]);
  });

  it("a gateway provisions its own devices with a JWT that it signs itself", async () => {
    const exp = Math.floor(Date.now() / 1000) + 60;
    const token = gateway.jwt({ device: "gw-first" }, { exp, jti: "1" });
    const body = { hardware_id: "mac:00:11", device_type: "meter", site_id: siteId };
    const own = { gateway_serial: "gw-first", ...body };
    const made = await hub.call("POST", "/devices/provision", own, token);
    assert.deepEqual([made.status, made.body.device_type], [201, "energy_meter"]);
    const foreign = { gateway_serial: "gw-other", ...body };
    assert.equal((await hub.call("POST", "/devices/provision", foreign, token)).status, 404);
    assert.equal((await hub.call("GET", `/sites/${siteId}`, undefined, token)).status, 404);
  });

  it("a gateway claimed elsewhere moves, and its devices stay behind orphaned", async () => {
    const other = await hub.person();
    const otherOrg = (await other.call("POST", "/organizations", { name: "Next" })).body.id;
    const moved = await hub.claim(other, otherOrg, "gw-first", gateway);
    assert.equal(moved.status, 201, JSON.stringify(moved.body));
    assert.equal((await owner.call("GET", "/gateways/gw-first")).status, 404);
    const left = await owner.call("GET", `/sites/${siteId}/devices`);
    assert.ok(left.body.length > 0);
    assert.ok(left.body.every((device: { state: string }) => device.state === "orphaned"));
    const shown = await other.call("GET", "/gateways/gw-first");
    assert.deepEqual(shown.body.devices, []);
    assert.equal((await other.call("DELETE", "/gateways/gw-first")).status, 204);
    assert.equal((await other.call("GET", "/gateways/gw-first")).status, 404);
  });

  it("a gateway's battery sign is set by PUT", async () => {
    await hub.claim(owner, orgId, "gw-sign");
    const answer = await owner.call("PUT", "/gateways/gw-sign", { battery_sign: "negated" });
    assert.deepEqual([answer.status, answer.body.battery_sign], [200, "negated"]);
    const wrong = await owner.call("PUT", "/gateways/gw-sign", { battery_sign: "up" });
    assert.deepEqual([wrong.status, wrong.body.details[0].path], [422, "/battery_sign"]);
  });

  const forgedClaims: Record<string, { parts?: object; change?: object; error: string }> = {
    "of another claimer": { parts: { claimerId: "usr-1" }, error: "claim_invalid" },
    "of another serial": { parts: { serial: "gw-2" }, error: "claim_invalid" },
    "with a fifth part": { parts: { nonce: "a|b" }, error: "claim_invalid" },
    "eleven minutes old": {
      parts: { timestamp: new Date(Date.now() - 660_000).toISOString() },
      error: "claim_expired",
    },
    "eleven minutes ahead": {
      parts: { timestamp: String(Math.floor(Date.now() / 1000) + 660) },
      error: "claim_expired",
    },
    "signed by another key": {
      change: { public_key: machineKey().publicText },
      error: "signature_invalid",
    },
    "with an empty signature": { change: { signature: "" }, error: "signature_invalid" },
    "with a key that is none": { change: { public_key: "00" }, error: "key_invalid" },
  };
  for (const [name, { parts, change, error }] of Object.entries(forgedClaims)) {
    it(`a claim ${name} is refused`, async () => {
      const key = machineKey();
      const message = claimMessage({ claimerId: owner.id, serial: "gw-forged", ...parts });
      const { body } = await owner.call("POST", "/gateways/claim", {
        org_id: orgId,
        gateway_serial: "gw-forged",
        public_key: key.publicText,
        message,
        signature: key.sign(message),
        ...change,
      });
      assert.equal(body.error, error);
      assert.equal(await hub.registry.gateways.get("gw-forged"), undefined);
    });
  }

  it("a claim that was used once is refused, and so is another key's for a known serial", async () => {
    const key = machineKey();
    const message = claimMessage({ claimerId: owner.id, serial: "gw-twice" });
    const claim = {
      org_id: orgId,
      gateway_serial: "gw-twice",
      public_key: key.publicText,
      message,
      signature: key.sign(message),
    };
    assert.equal((await owner.call("POST", "/gateways/claim", claim)).status, 201);
    const again = await owner.call("POST", "/gateways/claim", claim);
    assert.deepEqual([again.status, again.body.error], [409, "claim_replayed"]);
    const thief = await hub.claim(owner, orgId, "gw-twice", machineKey());
    assert.deepEqual([thief.status, thief.body.error], [401, "signature_invalid"]);
  });

  it("lists page by cursor without losing or repeating anything", async () => {
    const { id } = (await owner.call("POST", "/organizations", { name: "Pages" })).body;
    const made: string[] = [];
    for (let i = 0; i < 5; i++) {
      made.push((await owner.call("POST", "/sites", { org_id: id, name: `s${i}` })).body.id);
    }
    const seen: string[] = [];
    let next: string | undefined = `/sites?org_id=${id}&limit=2`;
    while (next !== undefined) {
      const { body, headers }: Awaited<ReturnType<Person["call"]>> = await owner.call("GET", next);
      assert.ok(body.length <= 2);
      seen.push(...body.map((site: { id: string }) => site.id));
      next = /^<(.*)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1];
    }
    assert.deepEqual(seen, made);
    assert.equal((await owner.call("GET", `/sites?org_id=${id}&cursor=!`)).status, 422);
    assert.equal((await owner.call("GET", `/sites?org_id=${id}&limit=0`)).status, 422);
  });
});
