import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { createVirtualGateway } from "@novacore/simulator";
import { startHub, type TestHub } from "../support/hub.ts";
import { createCommandUser, type Person } from "./command.ts";

interface Named {
  readonly id: string;
  readonly name: string;
}

let hub: TestHub;

before(async () => {
  hub = await startHub();
});
after(() => hub?.close());

test("a home is set up by commands alone, and a gateway's reading is its latest", async (t) => {
  const { ada, json } = await createOwner(t);
  const site = await json<Named & { timezone: string }>([
    ...["site", "create", "Summer house", "--timezone", "Europe/Stockholm"],
  ]);
  assert.equal(site.timezone, "Europe/Stockholm");
  const keyFile = join(ada.configHome, "gateway.pem");
  const claimed = await json<{ serial: string }>(["gateway", "claim", "gw-1", "--key", keyFile]);
  assert.equal(claimed.serial, "gw-1");
  assert.equal((await stat(keyFile)).mode & 0o777, 0o600);
  const provision = ["device", "provision", "gw-1", "sungrow:A1", "--site", site.id];
  const provisioned = await json<{ device_id: string; ders: Named[] }>([
    ...provision,
    ...["--type", "inverter", "--ders", "roof:solar,grid:meter", "--name", "Roof"],
  ]);
  assert.deepEqual(
    provisioned.ders.map(({ name }) => name),
    ["roof", "grid"],
  );
  await upload("gw-1", await readFile(keyFile, "utf8"));
  const latest = await ada.run(["latest"]);
  const row = latest.stdout.split("\n").find((line) => line.startsWith("roof"));
  assert.match(row ?? latest.stderr, /^roof +pv +-1500 W +producing +– +\d+ s +online +–/);

  const shown = await ada.run(["site", "show", site.id]);
  assert.match(shown.stdout, /Timezone +Europe\/Stockholm/);
  assert.match(shown.stdout, /Roof +inverter +active +sungrow:A1 +gw-1 +roof:solar, grid:meter/);
  const gateway = await ada.run(["gateway", "show", "gw-1"]);
  assert.match(gateway.stdout, /Connected +no\n/);
  const id = provisioned.device_id;
  assert.equal((await json<Named>(["device", "rename", id, "Attic"])).name, "Attic");
  await json(["device", "add-der", id, "east:solar"]);
  const ders = await ada.run(["device", "ders", id, "--json"]);
  assert.equal(ders.stdout.trimEnd().split("\n").length, 3);

  const occupied = await ada.run(["site", "delete", site.id, "--yes"]);
  assert.equal(occupied.code, 1);
  await json(["device", "delete", id, "--yes"]);
  await json(["site", "delete", site.id, "--yes"]);
  const released = await ada.run(["gateway", "release", "gw-1", "--yes"]);
  assert.equal(released.stdout, "Released gw-1.\n");
  assert.equal((await ada.run(["gateway", "list"])).stdout, "");
});

test("an installer's gateway is claimed by what it has signed itself", async (t) => {
  const { ada, json } = await createOwner(t);
  const gateway = createVirtualGateway();
  const { message } = await json<{ message: string }>(["gateway", "message", gateway.serial]);
  const proof = ["--message", message, "--public-key", gateway.publicKeyHex];
  const claim = ["gateway", "claim", gateway.serial, ...proof];
  const signature = gateway.sign(message);
  const incomplete = await ada.run(claim);
  assert.equal(incomplete.code, 2);
  assert.match(incomplete.stderr, /Give --key, or --public-key, --message and --signature/);
  const claimed = await json<{ serial: string }>([...claim, "--signature", signature]);
  assert.equal(claimed.serial, gateway.serial);
  const replayed = await ada.run([...claim, "--signature", signature]);
  assert.equal(replayed.code, 1);
});

test("members come, are limited to sites, and go", async (t) => {
  const { ada, json, org } = await createOwner(t);
  const site = await json<Named>(["site", "create", "One"]);
  const bob = await createCommandUser(t);
  const { identity_id: id } = await bob.json<{ identity_id: string }>(["login", "--url", hub.url]);
  const outside = await bob.run(["site", "show", site.id]);
  assert.equal(outside.code, 5);
  await json(["org", "member", "add", org, id, "--role", "viewer"]);
  const refused = await bob.run(["site", "rename", site.id, "Mine"]);
  assert.equal(refused.code, 4);
  const limited = await json<{ role: string; site_ids: string[] }>([
    ...["org", "member", "set", org, id, "--role", "operator", "--sites", site.id],
  ]);
  assert.deepEqual([limited.role, limited.site_ids], ["operator", [site.id]]);
  const list = await ada.run(["org", "member", "list", org]);
  assert.match(list.stdout, new RegExp(`${id} +operator +${site.id} `));
  const wrongRole = await ada.run(["org", "member", "set", org, id, "--role", "opertor"]);
  assert.match(wrongRole.stderr, /--role is "opertor"; give one of .+ Did you mean operator\?/);
  await json(["org", "member", "remove", org, id, "--yes"]);
  assert.equal((await bob.run(["site", "show", site.id])).code, 5);
});

test("who is in several organizations chooses one, until another is named", async (t) => {
  const { ada, json, org } = await createOwner(t);
  const { id: other } = await json<Named>(["org", "create", "Other Homes"]);
  const undecided = await ada.run(["site", "create", "Whose"]);
  assert.equal(undecided.code, 2);
  assert.match(undecided.stderr, /2 organizations; give --org, or .+ org use/);
  const used = await ada.run(["org", "use", other]);
  assert.equal(used.stdout, `Using ${other} (Other Homes).\n`);
  const orgOf = async (...args: string[]) =>
    (await json<{ org_id: string }>(["site", "create", "One", ...args])).org_id;
  assert.equal(await orgOf(), other);
  assert.equal(await orgOf("--org", org), org);
  await json(["login"]);
  assert.equal(await orgOf(), other, "a login as the same keeps it");
  const env = { NOVACORE_ORG: org };
  assert.match((await ada.run(["whoami"], { env })).stdout, new RegExp(`Organization +${org}`));
  assert.equal((await ada.run(["org", "use", "org-none"])).code, 5);
  await json(["org", "use", "--none"]);
  assert.equal((await ada.run(["site", "list"])).code, 2);
  for (const args of [
    ["org", "use"],
    ["org", "use", org, "--none"],
  ]) {
    assert.equal((await ada.run(args)).code, 2);
  }
});

test("an integration gets a key that never leaves the machine, and logs in by it", async (t) => {
  const { ada, json, org } = await createOwner(t);
  const file = join(ada.configHome, "billing.pem");
  const create = ["integration", "create", "billing", "--key", file];
  const made = await ada.run([...create, "--json"]);
  assert.match(made.stderr, /^Made its key: /);
  const integration = JSON.parse(made.stdout);
  assert.equal(integration.private_key, undefined);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const program = await createCommandUser(t);
  const loggedIn = await program.json<{ identity_id: string }>([
    ...["login", "--url", hub.url, "--key", file],
  ]);
  assert.equal(loggedIn.identity_id, integration.id);
  const shown = await json<{ nats: { subjects: string[] } }>([
    "integration",
    "show",
    integration.id,
  ]);
  assert.ok(shown.nats.subjects.some((subject) => subject.startsWith(`orgs.${org}.`)));
  const second = join(ada.configHome, "second.pem");
  await json(["integration", "replace-key", integration.id, "--key", second, "--yes"]);
  const old = await program.run(["whoami"]);
  assert.equal(old.code, 3);
  await json(["integration", "revoke", integration.id, "--yes"]);
  assert.equal((await ada.run(["integration", "list"])).stdout, "");
});

test("a second key logs in as the same person, until it is taken away", async (t) => {
  const { ada, json } = await createOwner(t);
  const laptop = await createCommandUser(t);
  const pem = createVirtualGateway().privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const { public_key: added } = await ada.json<{ public_key: string }>(["key", "add", "-"], {
    stdin: pem,
  });
  const me = await json<Named>(["whoami"]);
  await laptop.run(["login", "--url", hub.url, "--key", "-"], { stdin: pem });
  assert.equal((await laptop.json<Named>(["whoami"])).id, me.id);
  await json(["key", "remove", added, "--yes"]);
  assert.equal((await laptop.run(["whoami"])).code, 3);
});

/** Somebody with an organization of her own. */
async function createOwner(t: TestContext) {
  const ada: Person = await createCommandUser(t);
  await ada.json(["login", "--url", hub.url]);
  const { id: org } = await ada.json<Named>(["org", "create", "Sunny Homes"]);
  return { ada, org, json: ada.json };
}

async function upload(serial: string, privateKeyPem: string): Promise<void> {
  const gateway = createVirtualGateway({ serial, privateKeyPem });
  const reading = { hardware_id: "sungrow:A1", der: "roof", type: "pv", W: -1_500 };
  const response = await fetch(`${hub.url}/gateways/${serial}/telemetry`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${gateway.loginJwt()}`,
      "content-type": "application/json",
    },
    body: JSON.stringify([{ ...reading, timestamp: Date.now() }]),
  });
  assert.equal(response.status, 200, await response.text());
}
