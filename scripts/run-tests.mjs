/**
 * Runs test files in processes of their own and ends with one line, `N passed, N failed`, counted
 * from the runner's events. Ends with 1 on any failure, and when there was nothing to run: a run
 * that tested nothing has shown nothing.
 */
import { globSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { Transform } from "node:stream";
import { run } from "node:test";
import { spec as Spec } from "node:test/reporters";
import { root } from "./setup.mjs";

/** Real servers share the machine with the tests: more at once makes them slower, not faster. */
const filesAtOnce = 2;
/** Above the slowest file (servers killed and started again twenty times), below a stuck run. */
const fileMs = 10 * 60_000;

const patterns = [
  "packages/*/src/**/*.test.ts",
  "packages/*/test/**/*.test.ts",
  "test/**/*.test.ts",
];

const longFolders = ["test/faults", "test/history", "test/packages"];
/** Named at the end of a run, so many at most: where its time goes. */
const slowSeconds = 15;
const slowestMax = 10;

const counts = { passed: 0, failed: 0, skipped: 0 };
const untested = [];
const seconds = new Map();

const files = testFiles(process.argv.slice(2));
run({ files, cwd: root, concurrency: filesAtOnce, timeout: fileMs })
  .compose(new Transform({ objectMode: true, transform: countEvent }))
  .compose(new Spec())
  .on("end", finish)
  .pipe(process.stdout, { end: false });

function testFiles(wanted) {
  const all = globSync(patterns, { cwd: root, exclude: ["**/node_modules/**", "test/support/**"] })
    .map((file) => join(root, file))
    .sort(inOrder);
  if (wanted.length === 0) return all;
  const paths = wanted.map((path) => resolve(path));
  const missing = paths.find((path) => statSync(path, { throwIfNoEntry: false }) === undefined);
  if (missing !== undefined) {
    process.stderr.write(`There is no ${relative(root, missing)}.\n`);
    process.exit(1);
  }
  return all.filter((file) => paths.some((path) => file === path || file.startsWith(path + sep)));
}

/**
 * Fast failures first: tests beside the source need no server. Then the folders with files of minutes, none of
 * which shall run alone at the end.
 */
function inOrder(a, b) {
  const rank = (file) => {
    if (file.includes(`${sep}src${sep}`)) return 0;
    return longFolders.some((folder) => file.startsWith(join(root, folder, sep))) ? 1 : 2;
  };
  return rank(a) - rank(b) || a.localeCompare(b);
}

function countEvent(event, _encoding, next) {
  if (event.type === "test:pass") countPass(event.data);
  if (event.type === "test:fail") countFailure(event.data);
  if (event.type === "test:summary" && event.data.file !== undefined) {
    seconds.set(event.data.file, event.data.duration_ms / 1_000);
  }
  // The runner's own totals would stand beside ours and count suites too.
  const isTotal = event.type === "test:diagnostic" && event.data.file === undefined;
  if (isTotal) next();
  else next(null, event);
}

function countPass(data) {
  if (data.details.type === "suite") return;
  if (data.skip !== undefined || data.todo !== undefined) counts.skipped += 1;
  else if (data.name === data.file)
    untested.push(data.name); // the runner passes a file without tests
  else counts.passed += 1;
}

function countFailure(data) {
  const { type, error } = data.details;
  // A suite fails with its tests, which are counted, or by a hook of its own, which is not.
  if (type === "suite" && error.failureType === "subtestsFailed") return;
  counts.failed += 1;
}

function finish() {
  for (const file of untested) {
    process.stdout.write(`${relative(root, file)} holds no test.\n`);
    counts.failed += 1;
  }
  writeSlowest();
  const { passed, failed, skipped } = counts;
  const skippedToo = skipped > 0 ? `, ${skipped} skipped` : "";
  process.stdout.write(`${passed} passed, ${failed} failed${skippedToo}\n`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}

function writeSlowest() {
  const slow = [...seconds].filter(([, took]) => took >= slowSeconds);
  slow.sort(([, a], [, b]) => b - a);
  for (const [file, took] of slow.slice(0, slowestMax)) {
    process.stdout.write(`${took.toFixed(0).padStart(6)} s  ${relative(root, file)}\n`);
  }
}
