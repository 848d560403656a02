/**
 * The rules of the layout that no linter knows. Prints every breach as `file:line  sentence` and
 * ends with 1 when there is any.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path/posix";
import { root } from "./setup.mjs";

const fileLinesMax = 300;
const vagueNames = ["utils", "util", "helpers", "helper", "common", "types", "misc", "shared"];
/** Stages hand readings on through server.ts alone. */
const stages = ["ingest", "store", "deliver"];
/** What each package may import of ours in its own source; tests may use any. */
const allowedPackages = {
  protocol: [],
  server: ["protocol"],
  client: ["protocol"],
  simulator: ["client", "protocol"],
  cli: ["client", "protocol", "simulator"],
  dashboard: ["client", "protocol"],
  // In what it generates.
  reference: ["protocol"],
};
/** A test beside its source has no socket and no process: those belong in a test folder. */
const outsideModules = /^(node:)?(net|http|http2|https|dgram|tls|child_process|cluster)$|^mqtt$/;
const importPattern = /\b(?:from|import)\s*\(?\s*"([^"]+)"/g;

const breaches = [];

for (const file of sourceFiles()) {
  const text = readFileSync(join(root, file), "utf8");
  checkName(file);
  checkLength(file, text);
  checkExports(file, text);
  for (const { specifier, line } of importsOf(text)) {
    checkImport(file, specifier, (sentence) => report(file, line, sentence));
  }
}
checkLock();
for (const breach of breaches) process.stdout.write(`${breach}\n`);
process.exitCode = breaches.length === 0 ? 0 : 1;

function report(file, line, sentence) {
  breaches.push(`${file}:${line}  ${sentence}`);
}

/** Tracked files and new ones that are not ignored, with `/` on every platform. */
function sourceFiles() {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"];
  const listed = execFileSync("git", args, { cwd: root, encoding: "utf8" }).split("\n");
  const deleted = execFileSync("git", ["ls-files", "--deleted"], { cwd: root, encoding: "utf8" });
  const gone = new Set(deleted.split("\n"));
  return listed.filter((file) => /\.(ts|tsx|mts|mjs|js)$/.test(file) && !gone.has(file));
}

function checkName(file) {
  const name = basename(file).replace(/(\.test|\.d)?\.[a-z]+$/, "");
  if (vagueNames.includes(name))
    report(file, 1, `"${name}" says nothing; name it for what it does.`);
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) report(file, 1, "file names are kebab-case.");
}

function checkLength(file, text) {
  const lines = text.split("\n").length - 1;
  if (lines <= fileLinesMax || /^\/\/ layout: \S/m.test(text)) return;
  report(file, lines, `${lines} lines; split it, or say why not in a "// layout: reason" comment.`);
}

function checkExports(file, text) {
  text.split("\n").forEach((content, index) => {
    if (/^export default\b/.test(content)) report(file, index + 1, "exports have names.");
    if (/^export \*/.test(content)) report(file, index + 1, "export names one by one.");
    if (/@ts-(ignore|expect-error|nocheck)\b/.test(content) && !file.startsWith("scripts/")) {
      report(file, index + 1, "mend the type instead of silencing it.");
    }
  });
}

function* importsOf(text) {
  for (const match of text.matchAll(importPattern)) {
    yield { specifier: match[1], line: text.slice(0, match.index).split("\n").length };
  }
}

function checkImport(file, specifier, complain) {
  const isTest = file.endsWith(".test.ts");
  const [, packageName, folder] = file.match(/^packages\/([^/]+)\/([^/]+)\//) ?? [];
  const inSource = folder === "src";
  if (inSource && isTest && outsideModules.test(specifier)) {
    complain(
      `a test beside its source has no ${specifier}; move it to packages/${packageName}/test.`,
    );
  }
  if (specifier.startsWith("@novacore/")) {
    const [, wanted, ...deep] = specifier.split("/");
    if (deep.length > 0 && !isExported(wanted, deep)) {
      complain(`import @novacore/${wanted}, not a file inside it.`);
    }
    const allowed = allowedPackages[packageName] ?? [];
    if (inSource && !isTest && wanted !== packageName && !allowed.includes(wanted)) {
      complain(`${packageName} may not import ${wanted}.`);
    }
  }
  if (specifier.startsWith(".")) checkRelative(file, packageName, specifier, complain);
}

/** Whether the package offers this path in its `exports`. */
function isExported(packageName, deep) {
  const path = join(root, "packages", packageName, "package.json");
  const { exports = {} } = JSON.parse(readFileSync(path, "utf8"));
  return `./${deep.join("/")}` in exports;
}

function checkRelative(file, packageName, specifier, complain) {
  const target = normalize(join(dirname(file), specifier));
  const targetPackage = target.match(/^packages\/([^/]+)\//)?.[1];
  // Tests may share what the tests at the top have.
  const isOfTests = file.endsWith(".test.ts") || file.startsWith(`packages/${packageName}/test/`);
  const isShared = isOfTests && target.startsWith("test/");
  if (packageName !== undefined && targetPackage !== packageName && !isShared) {
    complain(`import other packages by name, not ${specifier}.`);
  }
  const [from, to] = [stageOf(file), stageOf(target)];
  if (from !== undefined && to !== undefined && from !== to) {
    complain(`${from} may not import ${to}; server.ts wires them.`);
  }
}

function stageOf(path) {
  const stage = path.match(/^packages\/server\/src\/([^/]+)\//)?.[1];
  return stages.includes(stage) ? stage : undefined;
}

/** A lock with download addresses ties every install to one registry. */
function checkLock() {
  const lines = readFileSync(join(root, "package-lock.json"), "utf8").split("\n");
  const line = lines.findIndex((content) => /"resolved": "[a-z+]+:/.test(content));
  if (line < 0) return;
  report("package-lock.json", line + 1, "holds download addresses; npm install with our .npmrc.");
}
