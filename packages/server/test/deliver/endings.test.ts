import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/limits.ts";
import { StreamHub, until } from "./stream-hub.ts";
import { transports } from "./transports.ts";

const site = "sit-1";
const path = `/stream/sites/${site}`;

for (const { name, open } of transports) {
  test(`${name}: a stream warns before its token expires, and ends with it`, async (t) => {
    let nowMs = 1_000_000;
    const hub = await StreamHub.start(t, { now: () => nowMs });
    hub.access.orgs.set("org-1", new Set([site]));
    hub.access.expiresAt = nowMs + limits.tokenWarningMs + 10_000;
    const client = await open({ port: hub.port, path: `${path}?events=all` });
    const plain = await open({ port: hub.port, path });
    await client.untilPositioned();
    nowMs += 11_000;
    await until(() => client.named("token_expiring").length === 1, "it warns");
    assert.equal(client.isClosed, false);
    assert.equal(
      client.named("token_expiring")[0]?.expires_at,
      new Date(hub.access.expiresAt).toISOString(),
    );
    nowMs += limits.tokenWarningMs;
    await until(() => client.isClosed && plain.isClosed, "both end");
    assert.equal(client.named("token_expired").length, 1);
    assert.ok(client.hasEnd && plain.hasEnd);
    // A program that did not ask for named events sees none; a WebSocket has only one kind of client.
    assert.deepEqual(plain.events.length, name === "SSE" ? 0 : 2);
  });

  test(`${name}: a revoked identity's streams end at once, others go on`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set([site]));
    const openAs = (identity: string) =>
      open({ port: hub.port, path: `${path}?events=all`, identity });
    const [revoked, other] = [await openAs("idt-1"), await openAs("idt-2")];
    await revoked.untilPositioned();
    await other.untilPositioned();
    hub.access.revoke("idt-1");
    await until(() => revoked.isClosed, "the stream ends");
    assert.equal(revoked.named("identity_revoked").length, 1);
    await hub.publish({ site }, { W: 1 });
    await other.untilReadings(1);
  });

  test(`${name}: a site taken away ends the streams that were about it`, async (t) => {
    const hub = await StreamHub.start(t);
    const sites = new Set([site, "sit-2"]);
    hub.access.orgs.set("org-1", sites);
    const client = await open({ port: hub.port, path: `${path}?events=all` });
    const other = await open({ port: hub.port, path: "/stream/sites/sit-2" });
    await client.untilPositioned();
    await other.untilPositioned();
    sites.delete(site);
    hub.access.grantsChanged();
    await until(() => client.named("not_found").length === 1, "the stream ends");
    // An SSE connection is its one stream; a WebSocket has others, which go on.
    if (name === "SSE") await until(() => client.isClosed, "the connection ends");
    else assert.equal(client.named("not_found")[0]?.id, "s");
    await hub.publish({ site }, { W: 1 });
    await hub.publish({ site: "sit-2" }, { W: 2 });
    await other.untilReadings(1);
    assert.deepEqual(other.numbers, [2]);
    assert.deepEqual(client.numbers, []);
  });

  test(`${name}: a shutdown ends every stream cleanly, each with its own moment to return`, async (t) => {
    const hub = await StreamHub.start(t, { drainMs: 200 });
    hub.access.orgs.set("org-1", new Set([site]));
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => open({ port: hub.port, path: `${path}?events=all` })),
    );
    for (const client of clients) await client.untilPositioned();
    await hub.publish({ site }, { W: 1 });
    for (const client of clients) await client.untilReadings(1);
    await hub.app.close();
    await until(() => clients.every(({ isClosed }) => isClosed), "all have ended");
    assert.ok(clients.every(({ hasEnd }) => hasEnd));
    for (const client of clients) {
      assert.equal(client.named("going_away")[0]?.cursor, client.events[0]?.id);
    }
    assert.ok(new Set(clients.map(({ retryMs }) => retryMs)).size > 10);
  });
}
