/**
 * Compiles every package with a tsconfig.build.json into its `dist`, which is then the
 * package as it is published (`npm publish packages/client/dist`). In the repository, the sources are
 * run as they are.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./setup.mjs";

const nodeMin = "22.13"; // node:sqlite without a flag

const projects = globSync("packages/*/tsconfig.build.json", { cwd: root });
const folders = projects.map((path) => join(root, dirname(path)));

for (const folder of folders) rmSync(join(folder, "dist"), { recursive: true, force: true });
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const { status } = spawnSync(process.execPath, [tsc, "-b", ...projects], {
  cwd: root,
  stdio: "inherit",
});
if (status === 0) for (const folder of folders) finish(folder);
process.exitCode = status ?? 1;

/** Puts beside the compiled files what else belongs to the package. */
function finish(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const { files = [] } = manifest;
  const into = join(folder, "dist");
  writeFileSync(join(into, "package.json"), `${JSON.stringify(published(manifest), null, 2)}\n`);
  cpSync(join(root, "LICENSE"), join(into, "LICENSE"));
  for (const name of ["README.md", ...files]) {
    const from = join(folder, name);
    if (existsSync(from)) cpSync(from, join(into, name), { recursive: true });
  }
}

function published({ private: _, devDependencies: __, publishConfig = {}, files = [], ...kept }) {
  const { exports, imports, bin, ...others } = { ...kept, ...publishConfig };
  return {
    ...others,
    engines: { node: `>=${nodeMin}` },
    ...compiledPaths({ exports, imports, bin }),
    // Beside what npm always takes; not the compiler's notes.
    files: ["src", ...files],
  };
}

/** TypeScript finds the declarations of `x.js` beside it. */
function compiledPaths(value) {
  if (typeof value === "string") return value.replace(/^(\.\/src\/.*)\.ts$/, "$1.js");
  if (typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, compiledPaths(each)]),
  );
}
