import assert from "node:assert/strict";
import { test } from "node:test";
import { createConditions } from "../../../../test/support/conditions.ts";
import { ChangeFeed, type RegistryChange } from "../../src/registry/changes.ts";
import { shareRegistryNews } from "../../src/registry-news.ts";
import { runNats, silent } from "./running-nats.ts";

test("what one hub changes in the registry, the others hear once", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const conditions = createConditions();
  const hubs = await Promise.all(
    [1, 2, 3].map(async () => {
      const connection = await running.connect("HUB");
      const changes = new ChangeFeed();
      const heard: RegistryChange[] = [];
      changes.subscribe((change) => {
        heard.push(change);
        conditions.changed();
      });
      t.after(shareRegistryNews(connection, changes, silent));
      await connection.flush();
      return { connection, changes, heard };
    }),
  );
  const [first, second, third] = hubs;
  assert.ok(first && second && third);

  first.changes.emit("gateway", ["gw-1"]);
  second.changes.emit("identity", ["idt-1"]);
  await conditions.until("everybody heard both", () => hubs.every((hub) => hub.heard.length === 2));
  await Promise.all(hubs.map((hub) => hub.connection.flush()));

  const origins = (hub: typeof first) =>
    hub.heard.map(({ id, origin }) => `${id} ${origin}`).sort();
  assert.deepEqual(origins(first), ["gw-1 here", "idt-1 elsewhere"]);
  assert.deepEqual(origins(second), ["gw-1 elsewhere", "idt-1 here"]);
  assert.deepEqual(origins(third), ["gw-1 elsewhere", "idt-1 elsewhere"]);
});
