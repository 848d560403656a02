import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { isAbsolute } from "node:path";

/**
 * A script that runs a CommonJS package in a page and gives its exports to the global `name`: what a
 * web app's bundler does, as far as packages need it whose every `require` is of a literal. `main` is
 * the path of its main file.
 */
export async function bundle(main: string, name: string): Promise<string> {
  const modules = new Map<string, string>();
  await collect(main, modules);
  return `globalThis[${JSON.stringify(name)}] = (() => {
const modules = {\n${[...modules.values()].join(",\n")}\n};
const loaded = {};
function load(path) {
  if (loaded[path]) return loaded[path].exports;
  const module = (loaded[path] = { exports: {} });
  const [run, paths] = modules[path];
  run(module, module.exports, (specifier) => load(paths[specifier]));
  return module.exports;
}
return load(${JSON.stringify(main)});
})();`;
}

async function collect(path: string, modules: Map<string, string>): Promise<void> {
  if (modules.has(path)) return;
  modules.set(path, "");
  const source = await readFile(path, "utf8");
  const { resolve } = createRequire(path);
  const paths: Record<string, string> = {};
  for (const [, specifier = ""] of source.matchAll(/\brequire\("([^"]+)"\)/g)) {
    const resolved = resolve(specifier);
    // What a package asks of Node it does without in a page.
    if (!isAbsolute(resolved)) continue;
    paths[specifier] = resolved;
    await collect(resolved, modules);
  }
  const code = path.endsWith(".json") ? `module.exports = ${source}` : source;
  const wrapped = `[function (module, exports, require) {${code}\n}, ${JSON.stringify(paths)}]`;
  modules.set(path, `${JSON.stringify(path)}: ${wrapped}`);
}
