/** Gives a back end access to the demo's organization, once: create-integration.mjs */
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const dataDir =
  process.env.NOVACORE_DATA_DIR ?? new URL("../../.novacore", import.meta.url).pathname;
const detailsFile = `${dataDir}/back-end.json`;
const keyFile = `${dataDir}/back-end-key.pem`;

if (existsSync(detailsFile)) {
  console.log(`There is one already: ${detailsFile}`);
} else {
  const demo = JSON.parse(readFileSync(`${dataDir}/demo.json`, "utf8"));
  const { id, private_key } = await create(demo);
  // The hub tells the private key this once and does not keep it.
  writeFileSync(keyFile, private_key.pem, { mode: 0o600 });
  const { base_url, nats_url, org_id } = demo;
  const details = { integration_id: id, org_id, base_url, nats_url };
  writeFileSync(detailsFile, `${JSON.stringify(details, null, 2)}\n`, { mode: 0o600 });
  console.log(`Made ${id}: ${detailsFile} and ${keyFile}`);
}

/** Only an owner or admin of the organization may; the demo's token is its owner's. */
async function create({ base_url, org_id, token }) {
  const response = await fetch(`${base_url}/organizations/${org_id}/integrations`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "Examples", scopes: ["telemetry:read"], generate: true }),
  });
  if (response.ok) return response.json();
  throw new Error(`the hub answered ${response.status} ${await response.text()}`);
}
