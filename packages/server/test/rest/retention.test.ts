import assert from "node:assert/strict";
import { test } from "node:test";
import { startRestHub } from "./rest-hub.ts";

test("the owner alone says how long an organization's readings are kept", async () => {
  await using hub = await startRestHub();
  const [owner, admin] = [await hub.person(), await hub.person()];
  const { body: made } = await owner.call("POST", "/organizations", { name: "Home" });
  assert.equal(made.retention_days, null);
  const path = `/organizations/${made.id}`;
  await owner.call("POST", `${path}/members`, { identity_id: admin.id, role: "admin" });

  const set = await owner.call("PUT", path, { retention_days: 30 });
  assert.deepEqual([set.status, set.body.retention_days, set.body.name], [200, 30, "Home"]);
  const refused = await admin.call("PUT", path, { name: "Other", retention_days: 1 });
  assert.deepEqual([refused.status, refused.body.error], [403, "forbidden"]);
  for (const wrong of [0, 36_501, 1.5, "30"]) {
    const answer = await owner.call("PUT", path, { retention_days: wrong });
    assert.deepEqual([answer.status, answer.body.details[0].path], [422, "/retention_days"]);
  }
  const { body: kept } = await admin.call("GET", path);
  assert.deepEqual([kept.name, kept.retention_days], ["Home", 30]);
  assert.equal((await owner.call("PUT", path, { name: "House" })).body.retention_days, 30);
  assert.equal((await owner.call("PUT", path, { retention_days: null })).body.retention_days, null);
});
