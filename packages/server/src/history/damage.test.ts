import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { Damages, damagedError, damageOf } from "./damage.ts";

const path = "/data/archive/org=org-1/date=2026-11-20/rows-1.parquet";
const damage = { path, day: "2026-11-20" };

const rows: readonly (readonly [message: string, damage: ReturnType<typeof damageOf>])[] = [
  [`Invalid Input Error: No magic bytes found at end of file '${path}'`, damage],
  [`Invalid Input Error: File '${path}' too small to be a Parquet file`, damage],
  [
    `IO Error: No files found that match the pattern "${path}"\n\nLINE 1: … read_parquet(['/a.parquet'`,
    damage,
  ],
  [`IO Error: Could not read enough bytes from file "${path}": attempted to read 1`, damage],
  ["ZSTD Decompression failure", { path: undefined, day: undefined }],
  ["TProtocolException: Invalid data", { path: undefined, day: undefined }],
  [`Binder Error: no column w\n\nLINE 1: select w from read_parquet(['${path}'])`, undefined],
  ["Conversion Error: Could not convert string 'x' to INT64", undefined],
  ["interrupted", undefined],
];

for (const [message, expected] of rows) {
  test(`DuckDB says "${message.slice(0, 50)}": ${expected ? "damage" : "none"}`, () => {
    assert.deepEqual(damageOf(message), expected);
  });
}

test("a client is told the day, and no path", () => {
  const { code, message, cause } = damagedError(damage, new Error(path));
  assert.equal(code, "archive_damaged");
  assert.match(message, /of 2026-11-20 cannot be read/);
  assert.ok(!message.includes("/data") && !message.includes("org-1"));
  assert.match(String(cause), /rows-1/);
});

test("a damaged file is counted each time, logged once, and told until nobody meets it", () => {
  let nowMs = 1_700_000_000_000;
  let count = 0;
  const lines: object[] = [];
  const log = { error: (fields: object) => lines.push(fields) };
  const damages = new Damages({ log, count: () => count++, now: () => nowMs });
  assert.equal(damages.problem(), undefined);
  const cause = new Error("cut");
  damages.note(damage, cause);
  damages.note(damage, cause);
  assert.deepEqual([count, lines], [2, [{ event: "archive_damaged", err: cause, ...damage }]]);
  damages.note({ path: undefined, day: undefined }, cause);
  assert.match(damages.problem() ?? "", /of 2026-11-20, an unknown day: the log has/);
  assert.ok(!damages.problem()?.includes(path));
  nowMs += limits.archiveDamageToldMs + 1;
  assert.equal(damages.problem(), undefined);
  damages.note(damage, cause);
  assert.equal(lines.length, 3);
});
