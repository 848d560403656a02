import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { inspect } from "node:util";
import { type Condition, createConditions } from "../../../../test/support/conditions.ts";
import { type Archive, startArchive } from "../../src/archive/archive.ts";
import { atEnd } from "../nats/at-end.ts";
import { silent } from "../nats/running-nats.ts";
import { ArchiveRig, everything } from "./archive-rig.ts";

const now = Date.now();

interface RunningArchive {
  readonly archive: Archive;
  readonly counts: ReadonlyMap<string, number>;
  readonly failures: readonly object[];
  readonly until: Condition;
}

function run(
  t: TestContext,
  { nats }: ArchiveRig,
  { folder: root, intervalMs }: { folder: string; intervalMs: number },
): RunningArchive {
  const { until, changed } = createConditions();
  const counts = new Map<string, number>();
  const failures: object[] = [];
  const counter = (name: string) => ({
    inc(labels: object | number = 1, count = 1) {
      const by = typeof labels === "number" ? labels : count;
      counts.set(name, (counts.get(name) ?? 0) + by);
      changed();
    },
  });
  const gauge = { set: () => changed() };
  const archive = startArchive({
    program: new URL("../../src/archive-thread.ts", import.meta.url),
    settings: {
      ...{ natsUrl: nats.nats.natsUrl, dataDir: nats.dataDir, databaseUrl: undefined },
      ...{ partition: everything, place: { root, bucket: undefined }, intervalMs },
    },
    log: {
      ...silent,
      error(fields: object) {
        failures.push(fields);
        changed();
      },
    },
    metrics: {
      ...{ archivedReadings: counter("archived"), archiveUnreadable: counter("unreadable") },
      ...{ archiveLost: counter("lost"), archiveCompactions: counter("compactions") },
      ...{ archiveFailures: counter("failures"), archiveLag: gauge, archiveLagSeconds: gauge },
      ...{ archiveFiles: gauge, archiveBytes: gauge },
    },
  });
  atEnd(t, () => archive.close());
  return { archive, counts, failures, until };
}

test("the thread archives as readings come, and what it gathered when it is closed", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  const folder = rig.folder.root;
  const first = run(t, rig, { folder, intervalMs: 200 });
  await rig.publish([{ org, der: "d", timestamp: now, W: 1 }]);
  await first.until("the reading is archived", () => first.counts.get("archived") === 1);
  assert.equal(first.archive.problem(), undefined);
  await first.archive.close();

  const second = run(t, rig, { folder, intervalMs: 3_600_000 });
  await rig.publish([{ org, der: "d", timestamp: now + 1, W: 2 }]);
  const lag = (await rig.registry.manifest.positionsOf("ENRICHED_TELEMETRY"))[0]?.sequence;
  assert.equal(lag, 1);
  await rig.followed("ENRICHED_TELEMETRY");
  await second.archive.close();
  assert.deepEqual(
    (await rig.rows(org)).map(({ W }) => W),
    [1, 2],
  );
});

test("an archive that cannot write is started again until it can, and says why", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  const parent = mkdtempSync(join(tmpdir(), "novacore-archive-"));
  atEnd(t, () => rmSync(parent, { recursive: true, force: true }));
  const folder = join(parent, "archive");
  writeFileSync(folder, "in the way");
  const running = run(t, rig, { folder, intervalMs: 100 });
  await rig.publish([{ org, der: "d", timestamp: now, W: 1 }]);
  await running.until("it fails", () => running.failures.length > 0);
  assert.match(running.archive.problem() ?? "", /^it has failed .*: the log has why$/);
  assert.match(inspect(running.failures[0]), /EEXIST/);
  rmSync(folder);
  await running.until("the reading is archived", () => running.counts.get("archived") === 1);
  await running.until("it is well again", () => running.archive.problem() === undefined);
  await running.archive.close();
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
    if (entry.parentPath.includes("org=")) assert.equal(mode, entry.isFile() ? 0o600 : 0o700);
  }
});

test("another folder than the one that the files are in is not written to", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  await rig.publish([{ org, der: "d", timestamp: now, W: 1 }]);
  const first = run(t, rig, { folder: rig.folder.root, intervalMs: 100 });
  await first.until("the reading is archived", () => first.counts.get("archived") === 1);
  await first.archive.close();
  const other = mkdtempSync(join(tmpdir(), "novacore-archive-"));
  atEnd(t, () => rmSync(other, { recursive: true, force: true }));
  await rig.publish([{ org, der: "d", timestamp: now + 1, W: 2 }]);
  const second = run(t, rig, { folder: other, intervalMs: 100 });
  await second.until("it fails", () => second.failures.length > 0);
  assert.match(inspect(second.failures[0]), /is not the archive of this registry/);
  await second.archive.close();
  assert.deepEqual(readdirSync(other), []);
  const moved = join(other, "moved");
  cpSync(rig.folder.root, moved, { recursive: true });
  const third = run(t, rig, { folder: moved, intervalMs: 100 });
  await third.until("the next is archived", () => third.counts.get("archived") === 1);
});

test("a registry that has archived nothing takes no folder in which another one's files are", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const other = mkdtempSync(join(tmpdir(), "novacore-archive-"));
  atEnd(t, () => rmSync(other, { recursive: true, force: true }));
  writeFileSync(join(other, "archive-id"), "of-another\n");
  mkdirSync(join(other, "org=another/date=2026-06-01"), { recursive: true });
  writeFileSync(join(other, "org=another/date=2026-06-01/a.parquet"), "its readings");
  const running = run(t, rig, { folder: other, intervalMs: 100 });
  await running.until("it fails", () => running.failures.length > 0);
  assert.match(inspect(running.failures[0]), /holds 1 files of another registry's archive/);
  await running.archive.close();
  // An id alone is what a crash leaves before the first file.
  rmSync(join(other, "org=another"), { recursive: true });
  const again = run(t, rig, { folder: other, intervalMs: 100 });
  await rig.publish([{ org: await rig.newOrg(), der: "d", timestamp: now, W: 1 }]);
  await again.until("the reading is archived", () => again.counts.get("archived") === 1);
});

test("a nats-server that is killed and comes back is read on from where the archive is", async (t) => {
  const rig = await ArchiveRig.open(t);
  if (rig === undefined) return;
  const org = await rig.newOrg();
  const running = run(t, rig, { folder: rig.folder.root, intervalMs: 100 });
  await rig.publish([{ org, der: "d", timestamp: now, W: 1 }]);
  await running.until("the reading is archived", () => running.counts.get("archived") === 1);
  const state = rig.nats.nats.state();
  assert.ok(state.state === "running");
  process.kill(state.pid, "SIGKILL");
  for await (const { type } of rig.hub.status()) if (type === "reconnect") break;
  await rig.publish([{ org, der: "d", timestamp: now + 1, W: 2 }]);
  await running.until("the next is archived", () => running.counts.get("archived") === 2);
  await running.archive.close();
  assert.deepEqual(
    (await rig.rows(org)).map(({ W }) => W),
    [1, 2],
  );
});
