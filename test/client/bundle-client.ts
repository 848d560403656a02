import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "../browser/bundle.ts";
import { runProgram } from "../support/program.ts";

const entry = fileURLToPath(new URL("../../packages/client/src/index.ts", import.meta.url));
const compiler = join(
  dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin/tsc",
);

/**
 * The client as one script for a page, whose exports are the global `novacore`. Names stay as they
 * are and only comments are gone: a web app's minifier makes it smaller still.
 */
export async function bundleClient(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "novacore-client-"));
  try {
    await runProgram(process.execPath, [
      ...[compiler, entry, "--ignoreConfig", "--outDir", folder, "--removeComments"],
      ...["--module", "commonjs", "--moduleResolution", "bundler", "--target", "es2024"],
      ...["--lib", "es2025,esnext.disposable", "--types", "node", "--skipLibCheck"],
      ...["--rewriteRelativeImportExtensions", "--strict"],
    ]);
    return await bundle(join(folder, "index.js"), "novacore");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
