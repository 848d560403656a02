import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { undocumentedMembers } from "@novacore/reference";
import { build } from "vite";
import { chromiumPath, openPage, servePage, startBrowser } from "../browser/browser.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { runProgram, startProgram } from "../support/program.ts";
import { findTool } from "../support/tools.ts";
import { installPackages, type Project, repository } from "./published.ts";

/** What each package promises in `engines`, the last three of them that are maintained. */
const nodes = {
  "Node 22": findTool("node22"),
  "Node 24": findTool("node24"),
  "the pinned Node": process.execPath,
};

/** Compilers that users have: the project's, and the one before it that is written in JavaScript. */
const compilers = {
  "TypeScript 7": "node_modules/typescript/bin/tsc",
  "TypeScript 5": "packages/reference/node_modules/typescript/bin/tsc",
};

let project: Project;
let hub: TestHub;
let home: Home;

before(async () => {
  project = await installPackages();
  hub = await startHub();
  home = await createHome(hub);
  await home.publish("solar", { type: "pv", timestamp: Date.now(), W: -3000 });
});
after(async () => {
  await hub?.close();
  await project?.close();
});

for (const [name, node] of Object.entries(nodes)) {
  const skip = node === undefined ? `${name} is not installed (see .ci/run)` : false;

  test(`every export can be imported by ${name}`, { skip }, async () => {
    const program = project.modules.map((module) => `await import("${module}");`).join("\n");
    const path = await project.write("imports.js", `${program}\nconsole.log("all");`);
    assert.ok(project.modules.includes("@novacore/client/event-source"));
    assert.equal(await runProgram(node ?? "", [path], { cwd: project.folder }), "all\n");
  });

  test(`a program reads from a hub, by ${name}`, { skip }, async () => {
    const path = await project.write(
      "read.js",
      `
      import { Novacore } from "@novacore/client";
      import { EventSource } from "@novacore/client/event-source";
      const [baseUrl, siteId] = process.argv.slice(2);
      const { TOKEN: token } = process.env;
      for (const transport of ["sse", "websocket"]) {
        const nova = new Novacore({ baseUrl, token, transport });
        const { name } = await nova.site(siteId).get();
        for await (const { W } of nova.site(siteId).readings({ snapshot: true, types: ["pv"] })) {
          console.log(transport, name, W);
          break;
        }
      }
      const headers = { authorization: "Bearer " + token };
      const source = new EventSource(baseUrl + "/stream/sites/" + siteId + "?snapshot=true", { headers });
      source.onmessage = ({ data }) => {
        console.log("event", JSON.parse(data).W);
        source.close();
      };`,
    );
    const env = { TOKEN: home.token };
    const said = await runProgram(node ?? "", [path, hub.url, home.siteId], {
      ...{ cwd: project.folder, env },
    });
    assert.equal(said, "sse Test home -3000\nwebsocket Test home -3000\nevent -3000\n");
  });

  test(`the command says its version, by ${name}`, { skip }, async () => {
    const { version } = JSON.parse(await readFile(join(repository, "package.json"), "utf8"));
    const command = join(project.folder, "node_modules/.bin/novacore");
    const said = await runProgram(node ?? "", [command, "--version"], { cwd: project.folder });
    assert.equal(said, `novacore ${version}\n`);
  });
}

const strictProgram = new URL("./strict-program.ts", import.meta.url);

test("every declaration holds for a strict program of Node", async () => {
  const imports = project.modules.map((module, index) => `import * as _${index} from "${module}";`);
  const uses = imports.map((_, index) => `void _${index};`);
  await project.write("every.ts", [...imports, ...uses].join("\n"));
  await project.write("strict.ts", await readFile(strictProgram, "utf8"));
  await compile(compilers["TypeScript 7"], "node", {
    files: ["strict.ts", "every.ts"],
    ...{ module: "nodenext", lib: ["es2022"], types: ["node"] },
  });
});

for (const [name, compiler] of Object.entries(compilers)) {
  test(`the client's declarations hold for a strict program of a page, by ${name}`, async () => {
    await project.write("strict.ts", await readFile(strictProgram, "utf8"));
    await compile(compiler, "page", {
      files: ["strict.ts"],
      ...{ module: "esnext", moduleResolution: "bundler", lib: ["es2022", "dom"], types: [] },
    });
  });
}

test("the declarations tell what every member of a reading is", () => {
  const client = join(project.folder, "node_modules/@novacore/client/src/index.d.ts");
  assert.deepEqual(undocumentedMembers(client, "EnrichedReading"), []);
});

async function compile(
  compiler: string,
  name: string,
  { files, ...options }: { readonly files: readonly string[]; readonly [option: string]: unknown },
): Promise<void> {
  const compilerOptions = {
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...{ skipLibCheck: false, noEmit: true, target: "es2022" },
    typeRoots: [join(repository, "node_modules/@types")],
    ...options,
  };
  const config = await project.write(
    `tsconfig.${name}.json`,
    JSON.stringify({ compilerOptions, files }),
  );
  await runProgram(process.execPath, [join(repository, compiler), "-p", config], {
    cwd: project.folder,
  });
}

test("Vite bundles it for a page, which reads from a hub", {
  skip: chromiumPath === undefined ? "Chromium is not installed" : false,
}, async () => {
  const entry = await project.write(
    "page.js",
    `
    import { Novacore } from "@novacore/client";
    window.read = async (baseUrl, token, siteId) => {
      const site = new Novacore({ baseUrl, token }).site(siteId);
      for await (const { W } of site.readings({ snapshot: true, types: ["pv"] })) return W;
    };`,
  );
  const outDir = join(project.folder, "page");
  await build({
    ...{ root: project.folder, configFile: false, logLevel: "error" },
    build: { outDir, lib: { entry, formats: ["es"], fileName: "page" } },
  });
  const script = await readFile(join(outDir, "page.js"), "utf8");
  assert.ok(!/typebox/i.test(script), "it bundles TypeBox");
  const page = await servePage(`<!doctype html><script type="module">${script}</script>`);
  const open = await startHub({ NOVACORE_CORS_ORIGINS: page.origin });
  const browser = await startBrowser(chromiumPath ?? "");
  try {
    const there = await createHome(open);
    await there.publish("solar", { type: "pv", timestamp: Date.now(), W: -2000 });
    const { page: tab } = await openPage(browser, page.origin);
    const args = [open.url, there.token, there.siteId].map((each) => JSON.stringify(each));
    assert.equal(await tab.evaluate(`read(${args.join(", ")})`), -2000);
  } finally {
    await browser.close();
    await open.close();
    await page.close();
  }
});

test("the command starts a hub from its package, with its demo, and it answers queries", async () => {
  const command = join(project.folder, "node_modules/.bin/novacore");
  const dataDir = join(project.folder, "data");
  const anyPort = Object.fromEntries(
    ["HTTP", "REALTIME", "NATS", "MQTT"].map((name) => [`NOVACORE_${name}_PORT`, "0"]),
  );
  const env = { ...anyPort, NOVACORE_DATA_DIR: dataDir, NOVACORE_LOG_LEVEL: "warn" };
  const program = startProgram(process.execPath, [command, "up"], { cwd: project.folder, env });
  try {
    await program.until("the hub is ready", () => program.stderr().includes("Ctrl-C stops"));
    const [, url = ""] = /REST and SSE\s+(\S+)/.exec(program.stderr()) ?? [];
    const demo = JSON.parse(await readFile(join(dataDir, "demo.json"), "utf8"));
    const headers = { authorization: `Bearer ${demo.token}` };
    // By the thread of queries, which the package names too.
    const answer = await fetch(`${url}/telemetry/latest?site_id=${demo.site_id}`, { headers });
    assert.equal(answer.status, 200);
    const { data } = JSON.parse(await answer.text());
    assert.ok(data.some(({ reading }: { readonly reading: unknown }) => reading !== null));
  } finally {
    program.signal("SIGINT");
    assert.equal((await program.ended).code, 130, "as a command that was interrupted");
    assert.match(program.stderr(), /Stopped\.\n$/);
  }
});
