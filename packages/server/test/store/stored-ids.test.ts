import assert from "node:assert/strict";
import { test } from "node:test";
import { openStore } from "../../src/store/store.ts";
import { storedIdsReader } from "../../src/store/stored-ids.ts";
import { atEnd } from "../nats/at-end.ts";
import { runNats, silent } from "../nats/running-nats.ts";

test("the ids of what was stored last are read, bounded, or from a sequence on", async (t) => {
  const nats = await runNats(t);
  if (nats === undefined) return;
  const hub = await nats.connect("HUB");
  const store = await openStore({ hub, dev: await nats.connect("DEV"), log: silent });
  atEnd(t, () => store.close());
  const read = async (countMax: number) => {
    const ids: string[] = [];
    const onId = (id: string) => ids.push(id);
    const count = await store.readRecentIds({ windowMs: 600_000, countMax, onId });
    assert.equal(count, ids.length);
    return ids;
  };
  assert.deepEqual(await read(100), []);
  const subject = "orgs.org.sites.sit.devices.dev.ders.der.telemetry.json.v1";
  for (let i = 1; i <= 12; i++) {
    await store.publisher.publish(subject, Buffer.from("{}"), `der:${i}`);
  }
  assert.deepEqual(
    await read(100),
    Array.from({ length: 12 }, (_, i) => `der:${i + 1}`),
  );
  assert.deepEqual(await read(3), ["der:10", "der:11", "der:12"]);
  const later: (readonly [string, number])[] = [];
  const readFrom = storedIdsReader(hub);
  await readFrom(11, (id, sequence) => later.push([id, sequence]));
  assert.deepEqual(later, [
    ["der:11", 11],
    ["der:12", 12],
  ]);
  await readFrom(13, () => assert.fail("there is nothing after the last"));
});
