/** `npm run docs`: writes the reference of the packages into docs/reference. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeReference } from "./write-reference.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const into = join(root, "docs", "reference");
const problems = await writeReference({ root, into });
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`Written to ${into}.\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
