import assert from "node:assert/strict";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startHangingServer } from "../../../../test/support/hanging-server.ts";
import { type S3Server, startS3 } from "../../../../test/support/s3-server.ts";
import { assertOwnFolder } from "../../src/archive/own-folder.ts";
import { S3Bucket } from "../../src/archive/s3-bucket.ts";
import { S3Folder } from "../../src/archive/s3-folder.ts";
import { limits } from "../../src/limits.ts";

const skipped = "versitygw, an S3 server, is not installed";

interface Options {
  readonly cacheBytesMax?: number;
  readonly now?: () => number;
}

function open(t: TestContext, server: S3Server, options: Options = {}): S3Folder {
  const root = mkdtempSync(join(tmpdir(), "novacore-cache-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const bucket = new S3Bucket(server.bucket());
  return new S3Folder({ bucket, root, cacheBytesMax: 1024 ** 3, ...options });
}

const path = (name: string) => `org=org-1/date=2026-06-01/${name}.parquet`;
const tenBytes = (name: string) => ({ path: path(name), bytes: 10 });

async function put(folder: S3Folder, name: string, text: string): Promise<number> {
  writeFileSync(folder.draft(path(name)), text);
  return folder.publish(path(name));
}

test("what one puts into a bucket another reads, until it is removed", async (t) => {
  const server = await startS3(t);
  if (server === undefined) return t.skip(skipped);
  const [one, other] = [open(t, server), open(t, server)];
  assert.equal(await put(one, "a", "Grüße!!!"), 10);
  writeFileSync(one.draft(path("b")), "never finished");
  assert.deepEqual((await one.list()).sort(), [path("a"), `${path("b")}.draft`]);
  // Asked for at once it is fetched once.
  const a = tenBytes("a");
  assert.deepEqual(await other.missing([a]), [a]);
  await Promise.all([other.fetch([a]), other.fetch([a, a])]);
  assert.deepEqual(await other.missing([a]), []);
  assert.equal(readFileSync(other.readable(path("a")), "utf8"), "Grüße!!!");
  assert.deepEqual(readdirSync(join(other.root, "org=org-1/date=2026-06-01")), ["a.parquet"]);
  assert.ok(existsSync(join(server.folder, "hub", path("a"))), "under its prefix");
  await one.remove(path("a"));
  await one.remove(path("a"));
  assert.deepEqual(await other.list(), []);
  await assert.rejects(open(t, server).fetch([a]), /Could not read s3:\/\/archive\/hub\/org=.*404/);
});

test("a bucket belongs to the registry that came first", async (t) => {
  const server = await startS3(t);
  if (server === undefined) return t.skip(skipped);
  const homeOf = () => {
    let recorded: string | undefined;
    return {
      folderId: async () => recorded,
      settle: async (id: string) => {
        recorded ??= id;
        return recorded;
      },
    };
  };
  const first = homeOf();
  await assertOwnFolder(open(t, server), "s3://archive/hub/", first);
  await assertOwnFolder(open(t, server), "s3://archive/hub/", first);
  // Two that come at once end with the same id.
  const folder = open(t, server);
  await Promise.all([folder.writeId("x"), folder.writeId("y")]);
  assert.equal(await folder.readId(), await first.folderId());
  const second = homeOf();
  await second.settle("another");
  const refused = assertOwnFolder(open(t, server), "s3://archive/hub/", second);
  await assert.rejects(
    refused,
    /^Error: s3:\/\/archive\/hub\/ is not the archive of this registry/,
  );
});

test("what was used last stays in the cache, and what may be about to be read", async (t) => {
  const server = await startS3(t);
  if (server === undefined) return t.skip(skipped);
  let nowMs = Date.now();
  const folder = open(t, server, { cacheBytesMax: 20, now: () => nowMs });
  const writer = open(t, server);
  for (const name of ["a", "b", "c", "d"]) await put(writer, name, "ten bytes!");
  const held = () => readdirSync(join(folder.root, "org=org-1/date=2026-06-01")).sort();
  await folder.fetch(["a", "b", "c"].map(tenBytes));
  await folder.swept();
  assert.deepEqual(held(), ["a.parquet", "b.parquet", "c.parquet"], "all are in use");
  nowMs += limits.archiveCacheKeptMs + 1;
  await folder.fetch([tenBytes("a")]);
  await folder.fetch([tenBytes("d")]);
  await folder.swept();
  assert.deepEqual(held(), ["a.parquet", "d.parquet"]);
});

test("a file of which a power cut left a part is fetched again, and no other is taken for it", async (t) => {
  const server = await startS3(t);
  if (server === undefined) return t.skip(skipped);
  const [writer, folder] = [open(t, server), open(t, server)];
  await put(writer, "a", "ten bytes!");
  for (const rest of [0, 4]) {
    await folder.fetch([tenBytes("a")]);
    truncateSync(folder.readable(path("a")), rest);
    assert.deepEqual(await folder.missing([tenBytes("a")]), [tenBytes("a")]);
    await folder.fetch([tenBytes("a")]);
    assert.equal(readFileSync(folder.readable(path("a")), "utf8"), "ten bytes!");
  }
  await assert.rejects(
    folder.fetch([{ path: path("a"), bytes: 11 }]),
    /a\.parquet has 10 bytes, and the registry says 11: bring back the object/,
  );
});

test("whoever gives up a fetch waits for the bucket no longer, and what comes after all is there", async (t) => {
  const server = await startS3(t);
  if (server === undefined) return t.skip(skipped);
  await put(open(t, server), "a", "ten bytes!");
  const hanging = await startHangingServer(t, server.endpoint);
  const bucket = new S3Bucket({ ...server.bucket(), endpoint: hanging.endpoint });
  const root = mkdtempSync(join(tmpdir(), "novacore-cache-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const folder = new S3Folder({ bucket, root, cacheBytesMax: 1024 ** 3 });
  const client = new AbortController();
  hanging.hang();
  const given = folder.fetch([tenBytes("a")], client.signal);
  const waiting = folder.fetch([tenBytes("a")]);
  await hanging.untilAsked(1);
  client.abort();
  await assert.rejects(given, { name: "AbortError" });
  hanging.goOn();
  await waiting;
  assert.deepEqual(await folder.missing([tenBytes("a")]), []);
});

test("what is wrong with a bucket is one sentence, without the secret", async (t) => {
  const server = await startS3(t);
  if (server === undefined) return t.skip(skipped);
  const env = { AWS_ACCESS_KEY_ID: "test-key", AWS_SECRET_ACCESS_KEY: "wrong-secret" };
  const wrong: readonly [S3Bucket, RegExp][] = [
    [new S3Bucket({ ...server.bucket(), name: "nobodys" }), /404 NoSuchBucket\. Make the bucket/],
    [
      new S3Bucket(server.bucket(), env),
      /403 SignatureDoesNotMatch\. AWS_SECRET_ACCESS_KEY is not/,
    ],
    [
      new S3Bucket(server.bucket(), { ...env, AWS_ACCESS_KEY_ID: "who" }),
      /^Could not read s3:\/\/archive\/hub\/archive-id: 40[0-9] \w+\./,
    ],
  ];
  for (const [bucket, sentence] of wrong) {
    await assert.rejects(bucket.getText("archive-id"), (error: Error) => {
      assert.match(error.message, sentence);
      assert.doesNotMatch(error.message, /secret"|wrong-secret/);
      return true;
    });
  }
  assert.throws(() => new S3Bucket(server.bucket(), {}), /needs AWS_ACCESS_KEY_ID and/);
  await server.stop();
  const gone = new S3Bucket(server.bucket());
  await assert.rejects(gone.getText("archive-id"), /s3:\/\/archive\/hub\/ does not answer at http/);
});
