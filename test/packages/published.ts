import { globSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "../support/program.ts";

export const repository = fileURLToPath(new URL("../..", import.meta.url));

/** A project outside the repository in which the packages are installed as npm would have them. */
export interface Project {
  readonly folder: string;
  /** Every path that the packages export, as programs import it. */
  readonly modules: readonly string[];
  /** Writes a file of the project and gives its path. */
  write(name: string, text: string): Promise<string>;
  close(): Promise<void>;
}

/** Exports that are programs: importing them runs them. */
const programs = ["@novacore/server/main", "@novacore/simulator/demo-main"];

/** Builds the packages, packs them and installs the tarballs. */
export async function installPackages(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), "novacore-packages-"));
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  await runProgram(process.execPath, ["scripts/build.mjs"], { cwd: repository });
  const built = globSync("packages/*/dist", { cwd: repository });
  const paths = built.map((path) => `./${path}`);
  await npm(["pack", "--pack-destination", folder, ...paths], repository);
  await write("package.json", JSON.stringify({ name: "app", private: true, type: "module" }));
  const tarballs = globSync("*.tgz", { cwd: folder });
  const quickly = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  await npm(["install", ...quickly, ...tarballs.map((name) => `./${name}`)], folder);
  return {
    folder,
    write,
    modules: (await Promise.all(built.map(exportsOf))).flat(),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function exportsOf(folder: string): Promise<string[]> {
  const manifest = await readFile(join(repository, folder, "package.json"), "utf8");
  const { name, exports = {} } = JSON.parse(manifest);
  return Object.keys(exports)
    .map((path) => join(name, path))
    .filter((module) => !programs.includes(module));
}

function npm(args: readonly string[], cwd: string): Promise<string> {
  return runProgram("npm", args, { cwd });
}
