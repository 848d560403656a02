import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createPerson, signUp } from "@novacore/simulator";
import { type Block, readBlocks } from "../docs/protocol-blocks.ts";
import { createBackEnd } from "../support/back-end.ts";
import { createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { runProgram } from "../support/program.ts";
import { keyOf } from "./open-gateway.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));
const readme = new URL("../../packages/client/README.md", import.meta.url);

/** What each snippet prints, by its heading. */
const printed: Readonly<Record<string, RegExp>> = {
  Readings: /^-3000 W\n1500 W, 0.5\n$/,
  "Going on where a program stopped": /^(\d{13})\n(?!\1)\d{13}\n$/,
  "What happens to the stream":
    /^connected\n(.+ is (online|stale|offline)\n|\d{13}\n)+caught_up\nended\n$/,
  "The past": /^some rows in W\nder_id,timestamp,n,W\n(pv -3000\nbattery 1500\n)null\n.+\n.+\n$/,
  "What the signs mean": /^exporting charging\n$/,
  "Logging in with a key": /^Test\n$/,
  "Over NATS": /^roof: -3000 W\nbattery: 1500 W\n$/,
  "Publishing, as a gateway": /^(connected\n|true\n)+acknowledged\n$|^fsync\n$/,
  "Tabs that share a connection": /^(pv|battery)\n$/,
  EventSource: /^(pv|battery)\n$/,
  "Organizations, sites and devices": /^Test home null\nLake house Europe\/Stockholm\n$/,
};

let hub: TestHub;
let home: Home;
/** Of somebody who may see the home's organization. */
const person = createPerson();
const key = pemOf(person.privateKey);
let integrationKey: string;

/** What the snippets of a gateway are given beside it. */
let publishing: Readonly<Record<string, string>>;
let folder: string;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
  folder = await mkdtemp(join(tmpdir(), "novacore-readme-"));
  const keyPath = join(folder, "key.pem");
  await writeFile(keyPath, keyOf(home.gateway).toPem(), { mode: 0o600 });
  publishing = {
    ...{ keyPath, serial: home.gateway.serial, mqttUrl: hub.mqttUrl },
    ...{ spoolPath: join(folder, "spool"), newSpoolPath: join(folder, "new") },
  };
  await home.publish("solar", { type: "pv", timestamp: Date.now(), W: -3000 });
  await home.publish("battery", {
    ...{ type: "battery", timestamp: Date.now() + 1, W: 1500, SoC_nom_fract: 0.5 },
  });
  const { identityId } = await signUp(hub.url, person);
  const member = { identity_id: identityId, role: "operator" };
  await createApi(hub.url, home.token)("POST", `/organizations/${home.orgId}/members`, member);
  integrationKey = pemOf((await createBackEnd(home)).key);
});
after(async () => {
  await hub?.close();
  await rm(folder, { recursive: true, force: true });
});

test("every snippet of the README runs and prints what it says", async () => {
  const blocks = readBlocks(await readFile(readme, "utf8")).filter(
    (each) => each.language === "ts",
  );
  const headings = new Set(blocks.map(({ heading }) => heading));
  assert.deepEqual([...headings], Object.keys(printed));
  for (const { heading, text } of blocks) {
    assert.match(await run({ text }), printed[heading] ?? /^$/, heading);
  }
});

function pemOf(privateKey: KeyObject): string {
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

function run({ text }: Pick<Block, "text">): Promise<string> {
  const { url: baseUrl } = hub;
  const { token, orgId, siteId } = home;
  const { identityId } = home.session;
  const owner = { baseUrl, token, key, integrationKey, orgId, siteId, identityId };
  const set = Object.entries({ ...owner, ...publishing }).map(
    ([name, value]) => `const ${name} = ${JSON.stringify(value)};`,
  );
  const program = [...set, text].join("\n");
  const args = ["--input-type=module-typescript", "--eval", program];
  return runProgram(process.execPath, args, { cwd: project });
}
