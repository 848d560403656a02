import assert from "node:assert/strict";
import { test } from "node:test";
import { takePort } from "../../../../test/support/ports.ts";
import { startCallout } from "../../src/access/callout.ts";
import { connectHub } from "../../src/nats/connection.ts";
import { operatedNatsConfig } from "../../src/nats/print-config.ts";
import { startNats } from "../../src/nats/server.ts";
import { readDurability } from "../../src/store/durability.ts";
import { natsGateway } from "./clients.ts";
import { startOperated } from "./operated-server.ts";
import { gatewayLogin, silent, testConfig } from "./running-nats.ts";

test("the hub works with an operated server that has the printed configuration", async (t) => {
  const found = await testConfig(t);
  if (found === undefined) return;
  const { config, dataDir } = found;
  const natsUrl = await startOperated(t, config, dataDir, operatedNatsConfig(dataDir));
  const nats = await startNats({ config: { ...config, natsUrl }, dataDir, log: silent });
  assert.equal(nats.embedded, false);
  const auth = await connectHub(nats, "AUTH", "test");
  const sys = await connectHub(nats, "SYS", "test");
  t.after(() => Promise.all([auth.close(), sys.close()]));
  const { issuer: signing } = nats.keys;
  await startCallout({ connection: auth, signing, login: gatewayLogin, log: silent });
  const gateway = await natsGateway(t, nats, "gw-1");
  assert.equal(await readDurability(sys, 1), "page-cache");
  assert.equal(await readDurability(sys, 3), "replicated");
  await nats.stop();
  assert.equal(gateway.isClosed(), false, "an operated server is not the hub's to stop");
});

test("an operated server without the hub's keys is one sentence", async (t) => {
  const found = await testConfig(t);
  if (found === undefined) return;
  const { config, dataDir } = found;
  const natsUrl = await startOperated(t, config, dataDir, "authorization { token: other }");
  await assert.rejects(
    startNats({ config: { ...config, natsUrl }, dataDir, log: silent }),
    /^Error: The nats-server at nats:\S+ does not let the hub in; .* --print-nats-config/,
  );
});

test("an operated server that is not there is one sentence without its password", async (t) => {
  const found = await testConfig(t);
  if (found === undefined) return;
  const port = await takePort();
  const natsUrl = `nats://user:secret@127.0.0.1:${port}`;
  await assert.rejects(
    startNats({ ...found, config: { ...found.config, natsUrl }, log: silent }),
    (error: Error) => {
      assert.match(error.message, /^Could not reach nats-server at nats:\/\/127\.0\.0\.1:\d+/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    },
  );
});
