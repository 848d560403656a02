import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  claimGateway,
  createPerson,
  createVirtualGateway,
  logIn,
  signUp,
} from "@novacore/simulator";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub } from "../support/hub.ts";
import { runProgram } from "../support/program.ts";
import { pythonWith } from "../support/python.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const python = await pythonWith(["schemathesis"]);
const skip = python === undefined ? "no Python has schemathesis (see requirements.txt)" : false;

test("requests made from /openapi.json, good and bad, are answered as it says", {
  skip,
  timeout: 300_000,
}, async () => {
  // Each request comes from an address of its own: see hooks.py.
  const hub = await startHub({ NOVACORE_TRUST_PROXY: "127.0.0.1" });
  try {
    const home = await createHome(hub);
    const command =
      "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())";
    const args = ["-c", command, "run", `${hub.url}/openapi.json`, "--no-color"];
    await runProgram(python ?? "", args, { cwd: folder, env: await describe(home) });
  } finally {
    await hub.close();
  }
});

/** What hooks.py makes of requests: who calls, what there is, and what is kept from harm. */
async function describe(home: Home): Promise<Record<string, string>> {
  const { session, orgId, siteId, gateway, ders } = home;
  const api = createApi(home.url, session.token);
  await claimGateway(session, { orgId, gateway: createVirtualGateway() });
  const addReader = async () => {
    const { identityId, token } = await signUp(home.url, createPerson());
    const member = { identity_id: identityId, role: "viewer" };
    await api("POST", `/organizations/${orgId}/members`, member);
    return { identityId, token };
  };
  const readers = await Promise.all(Array.from({ length: 8 }, addReader));
  const backEnd = createPerson();
  const integration = await api("POST", `/organizations/${orgId}/integrations`, {
    ...{ name: "Back end", scopes: ["telemetry:read"], public_key: backEnd.publicKey },
  });
  const { token: backEndToken } = await logIn(home.url, backEnd);
  await home.publish("solar", { type: "pv", timestamp: Date.now(), W: -1 });
  const { device_id: deviceId } = await api("GET", `/ders/${ders.solar.derId}`);
  const serials = Object.values(ders).map((der) => der.gateway.serial);
  const ids = {
    ...{ org_id: orgId, site_id: siteId, device_id: deviceId, der_id: ders.solar.derId },
    ...{ serial: gateway.serial, gateway_serial: gateway.serial, identity: gateway.serial },
    ...{ "/devices/{id}#id": deviceId, "/devices/{id}/ders#id": deviceId },
    "/ders/{id}#id": ders.solar.derId,
  };
  const people = [session, ...readers].map(({ identityId }) => identityId);
  const tokens = [session.token, gateway.loginJwt(), backEndToken];
  return {
    HUB_TOKEN: session.token,
    HUB_TOKENS: [...tokens, ...readers.map(({ token }) => token)].join(" "),
    HUB_IDS: JSON.stringify(ids),
    HUB_KEPT: [orgId, deviceId, integration.id, ...people, ...serials].join(" "),
  };
}
