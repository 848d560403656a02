import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * A Python that has the modules, or undefined so that the test can say what it skips. With CI=true
 * their absence is a failure. NOVACORE_TEST_PYTHON names an interpreter, of a virtual environment say.
 */
export async function pythonWith(modules: readonly string[]): Promise<string | undefined> {
  const candidates = [process.env.NOVACORE_TEST_PYTHON, "python3", "python"];
  for (const python of candidates) {
    if (python === undefined || python === "") continue;
    const found = await run(python, [
      "-c",
      modules.map((name) => `import ${name}`).join("\n"),
    ]).then(
      () => true,
      () => false,
    );
    if (found) return python;
  }
  if (process.env.CI === "true") throw new Error(`no Python has ${modules.join(" and ")}`);
  return undefined;
}
