/**
 * Makes a fresh clone ready to run, with nothing but Node ≥ 20 and npm on the machine: installs the
 * locked dependencies when they are missing or another lock's, and names the Node that everything
 * else is run by. Plain JavaScript without dependencies, since it runs before there are any.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the clone. */
export const root = fileURLToPath(new URL("..", import.meta.url));

const nodeMajorMin = 24; // type stripping and node:sqlite without flags
const stillWorkingMs = 10_000;

/**
 * Installs what is missing and returns the path of the Node to run everything by. Prints progress;
 * throws an Error whose sentence says what to do.
 */
export async function setUp() {
  if (!dependenciesAreInstalled()) await installDependencies();
  return pinnedNode();
}

/** The path of a verified nats-server; fetched once where there is none that is new enough. */
export async function natsServer(node) {
  const dataDir = process.env.NOVACORE_DATA_DIR || join(root, ".novacore");
  return (
    await runForOutput(node, [join(root, "scripts", "find-nats-server.mjs"), dataDir])
  ).trim();
}

/**
 * npm writes node_modules/.package-lock.json last, so it tells what a finished install put there;
 * compared with the lock it needs no stamp of our own, and an interrupted install is seen too.
 */
function dependenciesAreInstalled() {
  const wanted = readPackages(join(root, "package-lock.json"));
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"));
  if (wanted === undefined)
    throw new Error("package-lock.json is missing; clone the project again.");
  if (installed === undefined) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes("node_modules/")) continue;
    const found = installed[path];
    if (found === undefined && entry.optional) continue; // another platform's
    if (found === undefined || found.version !== entry.version) return false;
  }
  return true;
}

function readPackages(path) {
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, "utf8")).packages;
}

async function installDependencies() {
  const startedMs = Date.now();
  say("Installing dependencies (once; about a minute) …");
  // npm's own path when npm started us: the same npm, and no shell needed to find npm.cmd on Windows.
  const npmCli = process.env.npm_execpath;
  const [command, before] = npmCli?.endsWith(".js")
    ? [process.execPath, [npmCli]]
    : [process.platform === "win32" ? "npm.cmd" : "npm", []];
  // EBADENGINE warnings are noise here: what wants a newer Node gets it from the lock itself.
  const options = ["--loglevel=error", "--no-audit", "--no-fund", "--include=dev"];
  const timer = setInterval(() => {
    say(`… still installing (${Math.round((Date.now() - startedMs) / 1000)} s)`);
  }, stillWorkingMs);
  try {
    await run(command, [...before, "ci", ...options], {
      shell: command.endsWith(".cmd"),
      failure: "npm ci failed (see above); check the network and run it again.",
    });
  } finally {
    clearInterval(timer);
  }
  say(`Dependencies installed in ${Math.round((Date.now() - startedMs) / 1000)} s.`);
}

function pinnedNode() {
  const binary = process.platform === "win32" ? "node.exe" : "node";
  const pinned = join(root, "node_modules", ".bin", binary);
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split(".")[0]) >= nodeMajorMin) return process.execPath;
  throw new Error(
    `There is no pinned Node for ${process.platform}-${process.arch} and this one is ` +
      `${process.versions.node}; install Node ${nodeMajorMin} or newer and start again.`,
  );
}

/** Runs a command with our output; rejects with `failure` when it does not end with 0. */
function run(command, args, { shell = false, failure }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      shell,
    });
    child.once("error", (error) => reject(new Error(`${failure} (${error.message})`)));
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(failure))));
  });
}

/** Runs a program that shows its progress on stderr and answers on stdout. */
function runForOutput(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    child.once("error", reject);
    // The program has printed its own sentence; nothing to add to it.
    child.once("close", (code) => (code === 0 ? resolve(output) : reject(new SetupFailed())));
  });
}

/** A failure that has been explained already. */
export class SetupFailed extends Error {}

/** Prints the one sentence of a failure and ends with 1. */
export function fail(error) {
  if (!(error instanceof SetupFailed)) process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await natsServer(await setUp());
    say("Ready: npm start");
  } catch (error) {
    fail(error);
  }
}
