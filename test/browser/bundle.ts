import { build } from "esbuild";

/**
 * A script for a page, as a web app's bundler makes it: the exports of the module at `path` are the
 * global `name`. What a package asks of Node, it does without there.
 */
export async function bundle(path: string, name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    globalName: name,
    platform: "browser",
    target: "es2024",
    external: ["node:*", "crypto"],
    logLevel: "error",
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`${path} gave no bundle`);
  return file.text;
}
