import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type BackEnd, connectBackEnd, createBackEnd, signLogin } from "../support/back-end.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { listen } from "../support/listener.ts";
import { openSocket } from "../support/socket.ts";

/** Within which a back end must be gone from everywhere once its access is taken. */
const cutMsMax = 2_000;

let hub: TestHub;
let home: Home;
before(async () => {
  hub = await startHub();
  home = await createHome(hub);
});
after(() => hub?.close());

/** What ends every connection of a back end. */
const ends: Record<string, (backEnd: BackEnd) => Promise<unknown>> = {
  "revoked by the organization": ({ id }) => ask("DELETE", `/integrations/${id}`),
  "given another key": ({ id }) => ask("POST", `/integrations/${id}/keys`, { generate: true }),
  async "revoked by itself"(backEnd) {
    const api = createApi(hub.url, backEnd.loginJwt());
    await api("POST", `/identities/${backEnd.id}/revoke`);
  },
};

describe("a back end is cut off within two seconds on all transports", () => {
  for (const [name, end] of Object.entries(ends)) {
    test(name, async () => {
      const backEnd = await createBackEnd(home);
      const ended = await connectEverywhere(backEnd);
      const bystander = await connectBackEnd(hub.natsUrl, await createBackEnd(home));
      const startMs = performance.now();
      await end(backEnd);
      await Promise.all(ended);
      const tookMs = performance.now() - startMs;
      assert.ok(tookMs < cutMsMax, `${tookMs} ms`);
      await assert.rejects(connectBackEnd(hub.natsUrl, backEnd), /authorization/i);
      assert.equal(bystander.isClosed(), false, "others stay");
      await bystander.close();
    });
  }
});

test("a back end comes back with its new key, into the same account", async () => {
  const { id } = await createBackEnd(home);
  const { private_key } = await ask("POST", `/integrations/${id}/keys`, { generate: true });
  const key = createPrivateKey(private_key.pem);
  const connection = await connectBackEnd(hub.natsUrl, { id, loginJwt: () => signLogin(id, key) });
  const heard = connection.subscribe(`orgs.${home.orgId}.>`, { max: 1 });
  await connection.flush();
  const timestamp = Date.now() - 5_000;
  await home.publish("meter", { type: "meter", timestamp, W: 1 });
  for await (const message of heard) {
    assert.equal(message.json<{ timestamp: number }>().timestamp, timestamp);
  }
  await connection.close();
});

test("a deleted organization's back ends are cut off", async () => {
  const api = createApi(hub.url, home.token);
  const { id: orgId } = await api("POST", "/organizations", { name: "Short" });
  const backEnd = await createBackEnd({ ...home, orgId });
  const connection = await connectBackEnd(hub.natsUrl, backEnd);
  await api("DELETE", `/organizations/${orgId}`);
  await connection.closed();
  await assert.rejects(connectBackEnd(hub.natsUrl, backEnd), /authorization/i);
});

/** One connection of each kind; each promise resolves when it has ended. */
async function connectEverywhere(backEnd: BackEnd): Promise<Promise<unknown>[]> {
  const tcp = await connectBackEnd(hub.natsUrl, backEnd);
  const websocket = await connectBackEnd(hub.websocketUrl, backEnd);
  const token = backEnd.loginJwt();
  const sse = await listen(`${hub.url}/stream/sites/${home.siteId}`, { token });
  const socket = await openSocket(hub.url, { token });
  socket.send({ op: "subscribe", id: "home", sites: [home.siteId] });
  await socket.until("it is subscribed", () => socket.ops("subscribed")[0]);
  return [tcp.closed(), websocket.closed(), sse.ended, socket.ended];
}

function ask(method: string, path: string, body?: object) {
  return createApi(hub.url, home.token)(method, `/organizations/${home.orgId}${path}`, body);
}
