import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createPerson, signUp } from "@novacore/simulator";
import { type BackEnd, createBackEnd } from "../support/back-end.ts";
import { goEnv, goFor } from "../support/go.ts";
import { type Api, createApi, createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { type Program, runProgram, startProgram } from "../support/program.ts";
import { pythonWith } from "../support/python.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));
const python = await pythonWith(["nats", "cryptography"]);
const goFolder = join(project, "examples", "backend-go");
const go = await goFor(goFolder);

let hub: TestHub;
let home: Home;
let backEnd: BackEnd;
let asOwner: Api;
let folder: string;

before(async () => {
  hub = await startHub();
  home = await createHome(hub);
  backEnd = await createBackEnd(home);
  asOwner = createApi(hub.url, home.token);
  folder = await mkdtemp(join(tmpdir(), "novacore-test-"));
  await symlink(join(project, "node_modules"), join(folder, "node_modules"));
  const pem = backEnd.key.export({ type: "pkcs8", format: "pem" });
  await writeFile(join(folder, "back-end-key.pem"), pem);
});
after(async () => {
  await hub?.close();
  await rm(folder, { recursive: true, force: true });
});

const pathOf = (orgId: string, more = "") => `/nats/credentials?org_id=${orgId}${more}`;

test("a back end is told all that it needs", async () => {
  const answer = await createApi(hub.url, backEnd.loginJwt())("GET", pathOf(home.orgId));
  const { id, orgId } = backEnd;
  assert.deepEqual(answer.urls, { nats: hub.natsUrl, websocket: hub.websocketUrl });
  assert.equal(answer.integration_id, id);
  assert.equal(answer.inbox_prefix, `_INBOX_${id}`);
  assert.deepEqual(answer.subjects, [`orgs.${orgId}.>`]);
  assert.equal(answer.jetstream_domain, "hub");
  assert.equal(answer.stream, "ENRICHED_TELEMETRY");
  assert.ok(answer.stream_epoch > Date.now() - 600_000);
  assert.deepEqual([answer.consumers.length, answer.consumers[0]], [16, `${id}_0`]);
  assert.deepEqual(
    answer.logins.map(({ method }: { method: string }) => method),
    ["jwt", "token", "nkey"],
  );
});

test("an address of this machine alone is told as the name by which it was asked", async () => {
  const { port } = new URL(hub.url);
  const api = createApi(`http://localhost:${port}`, backEnd.loginJwt());
  const { urls } = await api("GET", pathOf(home.orgId));
  assert.equal(new URL(urls.nats).hostname, "localhost");
  assert.equal(new URL(urls.websocket).hostname, "localhost");
});

test("an owner asks for the organization, or for one of its integrations", async () => {
  const { siteId } = home;
  const limited = await createBackEnd(home, { siteIds: [siteId] });
  const general = await asOwner("GET", pathOf(home.orgId));
  assert.equal(general.integration_id, null);
  const exact = await asOwner("GET", pathOf(home.orgId, `&integration_id=${limited.id}`));
  assert.equal(exact.integration_id, limited.id);
  assert.deepEqual(exact.subjects, [`orgs.${home.orgId}.sites.${siteId}.>`]);
});

test("the organization need not be named where it is plain which one is meant", async () => {
  const asBackEnd = createApi(hub.url, backEnd.loginJwt());
  assert.equal((await asBackEnd("GET", "/nats/credentials")).org_id, home.orgId);
  const named = await asOwner("GET", `/nats/credentials?integration_id=${backEnd.id}`);
  assert.deepEqual([named.org_id, named.integration_id], [home.orgId, backEnd.id]);
  await assert.rejects(
    asOwner("GET", "/nats/credentials"),
    /422.*Name the organization with org_id/,
  );
  const other = await createBackEnd(await createHome(hub));
  const foreign = `/nats/credentials?integration_id=${other.id}`;
  await assert.rejects(asOwner("GET", foreign), /404/);
  await assert.rejects(asBackEnd("GET", foreign), /404/);
});

test("nobody is told of another organization or another's integration", async () => {
  const elsewhere = await createHome(hub);
  const other = await createBackEnd(elsewhere);
  const colleague = await createBackEnd(home);
  const asBackEnd = createApi(hub.url, backEnd.loginJwt());
  await assert.rejects(asBackEnd("GET", pathOf(elsewhere.orgId)), /404/);
  const named = (id: string) => pathOf(home.orgId, `&integration_id=${id}`);
  await assert.rejects(asBackEnd("GET", named(colleague.id)), /404/);
  await assert.rejects(asOwner("GET", named(other.id)), /404/);
  await assert.rejects(asOwner("GET", pathOf(elsewhere.orgId)), /404/);
  const viewer = await signUp(hub.url, createPerson());
  const member = { identity_id: viewer.identityId, role: "viewer" };
  await asOwner("POST", `/organizations/${home.orgId}/members`, member);
  await assert.rejects(createApi(hub.url, viewer.token)("GET", pathOf(home.orgId)), /403/);
});

/** How to run each snippet, in a folder that has the key as `back-end-key.pem`. */
const languages = {
  typescript: {
    file: "live.ts",
    command: async (file: string) => [process.execPath, file],
  },
  python: { file: "live.py", command: async (file: string) => [python ?? "", file] },
  go: {
    file: "live.go",
    // Built where its module is, and run elsewhere.
    async command(file: string) {
      const program = file.replace(/\.go$/, "");
      const options = { env: goEnv, cwd: goFolder };
      await runProgram(go ?? "", ["build", "-o", program, file], options);
      return [program];
    },
  },
} as const;
const missing = {
  typescript: false,
  python: python === undefined && "Python with nats-py and cryptography",
  go: go === undefined && "Go with nats.go",
} as const;

for (const language of ["typescript", "python", "go"] as const) {
  describe(`the ${language} snippet`, { skip: missing[language] }, () => {
    let command: readonly string[];
    const start = (env: Readonly<Record<string, string>> = {}) => {
      const [program = "", ...args] = command;
      return startProgram(program, args, { cwd: folder, env });
    };
    before(async () => {
      const { snippets } = await createApi(hub.url, backEnd.loginJwt())("GET", pathOf(home.orgId));
      const { file, command: commandOf } = languages[language];
      const path = join(folder, file);
      await writeFile(path, snippets[language]);
      command = await commandOf(path);
    });

    test("prints readings as it is, and tells that it was cut off and came back", async () => {
      const program = start();
      await untilHeard(program);
      const { siteId, orgId } = home;
      const member = `/organizations/${orgId}/members/${backEnd.id}`;
      await asOwner("PUT", member, { role: "viewer", site_ids: [siteId] });
      await asOwner("PUT", member, { role: "viewer" });
      await program.until("the loss", () => /connection (is )?lost/.test(program.stderr()));
      await program.until("the return", () => program.stderr().includes("connected again"));
      program.signal("SIGKILL");
      await program.ended;
    });

    test("says why when its key is not the integration's", async () => {
      const program = start({ KEY_FILE: await otherKey() });
      const has = () => /authorization/i.test(program.stderr());
      // Some give up, which says it as well; others try again.
      await Promise.race([program.until("the reason", has), program.ended]);
      assert.ok(has(), program.stderr());
      program.signal("SIGKILL");
      await program.ended;
    });
  });
}

let timestamp = Date.now() - 600_000;

/** When it has subscribed nothing tells, so readings come until it hears one. */
async function untilHeard(program: Program): Promise<void> {
  let isHeard = false;
  const heard = program
    .until("a reading", () => program.stdout().includes(`"der_id":"${home.ders.meter.derId}"`))
    .finally(() => {
      isHeard = true;
    });
  while (!isHeard) {
    timestamp += 1;
    await home.publish("meter", { type: "meter", timestamp, W: 1 });
  }
  await heard;
}

async function otherKey(): Promise<string> {
  const path = join(folder, "other-key.pem");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(path, privateKey.export({ type: "pkcs8", format: "pem" }));
  return path;
}
