import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MemoryArchive } from "./memory-archive.ts";
import { RandomRun, siteNumbers } from "./random-run.ts";
import { StreamHub } from "./stream-hub.ts";

const someSites = fc.subarray([...siteNumbers], { minLength: 1 });
const id = fc.constantFrom("a", "b", "c");
const site = fc.constantFrom(...siteNumbers);

type Command = (run: RandomRun) => Promise<void>;
type Draw = fc.Arbitrary<readonly [name: string, command: Command]>;

const publish: Draw = fc
  .tuple(site, fc.integer({ min: 0, max: 1 }), fc.integer({ min: 1, max: 15 }))
  .map(([at, der, count]) => [
    `publish ${count} of DER ${der} at ${at}`,
    async (run) => run.publish(at, der, count),
  ]);
const subscribe: Draw = fc
  .record({
    ...{ id, sites: fc.oneof(someSites, fc.constant("org" as const)) },
    members: fc.constantFrom({}, { batch_ms: 15 }, { since: 0 }, { since: 0, batch_ms: 0 }),
    resumes: fc.boolean(),
  })
  .map((wish) => [
    `subscribe ${JSON.stringify(wish)}`,
    (run) => run.subscribe(wish.id, wish.sites, wish.members, wish.resumes),
  ]);
const unsubscribe: Draw = id.map((of) => [`unsubscribe ${of}`, (run) => run.unsubscribe(of)]);
const grant = fc.record({ at: site, isGranted: fc.boolean() });
const refresh = fc.record({ numbers: fc.option(someSites, { nil: undefined }) });
const change: Draw = fc
  .oneof(fc.record({ grant }), fc.record({ refresh }), fc.record({ grant, refresh }))
  .map((what) => [`change ${JSON.stringify(what)}`, (run) => run.change(what)]);
const credit: Draw = fc
  .integer({ min: 1, max: 12 })
  .map((n) => [`credit ${n}`, (run) => run.credit(n)]);
const cut: Draw = fc.constant(["cut", (run) => run.cut()]);
const settle: Draw = fc.constant(["settle", (run) => run.settle()]);

const common = [
  ...[publish, publish, publish, subscribe, subscribe, unsubscribe],
  ...[change, change, change, credit, cut, settle],
];
const storyOf = (draws: readonly Draw[]) =>
  fc.array(fc.oneof(...draws), { minLength: 5, maxLength: 30 });

async function check(hub: StreamHub, draws: readonly Draw[], numRuns: number): Promise<void> {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(storyOf(draws), fc.boolean(), async (story, isRingGone) => {
      runs++;
      const run = await RandomRun.start(hub, `org-${runs}`);
      const names = story.map(([name]) => name);
      try {
        for (const [, command] of story) {
          await command(run);
          // Without rings, what is behind comes from the stream.
          if (isRingGone) hub.delivery.feed.sweep(Date.now() + 1e9, 0);
        }
        await run.finish();
      } catch (error) {
        throw new Error(`after\n${names.join("\n")}\n${String(error)}`, { cause: error });
      } finally {
        await run.stop();
      }
    }),
    { numRuns },
  );
}

test("however things follow one another, all that is granted comes once, and nothing else", async (t) => {
  await check(await StreamHub.start(t), common, 60);
});

test("the same, while the stream loses its beginning to the archive time and again", async (t) => {
  const { promise, resolve } = Promise.withResolvers<MemoryArchive>();
  const hub = await StreamHub.start(t, {
    archive: (connection) => {
      const archive = new MemoryArchive(connection);
      resolve(archive);
      return archive;
    },
  });
  const archive = await promise;
  const lose: Draw = fc.integer({ min: 0, max: 10 }).map((kept) => [
    `lose all but ${kept}`,
    async () => {
      // None that the archive does not have.
      const before = archive.upTo + 1 - kept;
      if (before > 1) await hub.expireBefore(before);
    },
  ]);
  await check(hub, [...common, lose, lose, lose], 60);
  assert.ok(archive.reads > 0);
});
