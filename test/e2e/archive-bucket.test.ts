import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { createAsk } from "../support/ask.ts";
import { startHangingServer } from "../support/hanging-server.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub } from "../support/hub.ts";
import { listen } from "../support/listener.ts";
import { startS3 } from "../support/s3-server.ts";

const count = 20;
const dayMs = 86_400_000;

test("an archive in a bucket answers, also after the bucket was away, and what came meanwhile is in it", async (t) => {
  const server = await startS3(t);
  if (server === undefined) return t.skip("versitygw, an S3 server, is not installed");
  const hub = await startHub({
    ...{ NOVACORE_ARCHIVE: "s3://archive/hub", NOVACORE_ARCHIVE_INTERVAL: "0.2" },
    ...server.env,
  });
  t.after(() => hub.close());
  const home = await createHome(hub);
  const startMs = Date.now() - 2 * dayMs;
  const publish = (index: number) =>
    home.publish("meter", { type: "meter", timestamp: startMs + index * 1_000, W: index });
  for (let index = 0; index < count; index++) await publish(index);
  const ask = createAsk(hub.url);
  const { token } = home;
  const raw = `/ders/${home.ders.meter.derId}/telemetry?from=${startMs}&resolution=raw`;
  const powers = async () => {
    const { status, body } = await ask("GET", raw, { token });
    return status === 200 ? body.data.map(({ W }: { W: number }) => W) : body.error;
  };
  const upTo = (end: number) => Array.from({ length: end }, (_, index) => index);
  const metrics = async () => (await ask("GET", "/metrics", {})).text;
  await askUntil(metrics, (text) =>
    text.includes(`novacore_archive_readings_total{kind="rows"} ${count}\n`),
  );
  assert.deepEqual(await powers(), upTo(count));
  const cache = join(hub.dataDir, "archive-cache");
  rmSync(join(cache, `org=${home.orgId}`), { recursive: true, force: true });
  assert.deepEqual(await powers(), upTo(count), "fetched again");

  await server.stop();
  rmSync(join(cache, `org=${home.orgId}`), { recursive: true, force: true });
  const away = await ask("GET", raw, { token });
  assert.deepEqual([away.status, away.body.error], [503, "unavailable"]);
  assert.match(away.body.message, /archive's files cannot be read/);
  assert.ok(Number(away.headers.get("retry-after")) > 0);
  const live = await listen(`${hub.url}/stream/sites/${home.siteId}`, { token });
  await publish(count);
  await live.until("it goes on live", () => live.readings().length === 1);
  await live.close();

  await server.start();
  const found = await askUntil(powers, (each) => each.length === count + 1);
  assert.deepEqual(found, upTo(count + 1));
});

test("a bucket that hangs keeps nobody waiting who needs nothing of it", async (t) => {
  const server = await startS3(t);
  if (server === undefined) return t.skip("versitygw, an S3 server, is not installed");
  const hanging = await startHangingServer(t, server.endpoint);
  const hub = await startHub({
    ...{ NOVACORE_ARCHIVE: "s3://archive/hub", NOVACORE_ARCHIVE_INTERVAL: "0.2" },
    ...{ ...server.env, AWS_ENDPOINT_URL_S3: hanging.endpoint },
  });
  t.after(() => hub.close());
  const ask = createAsk(hub.url);
  const homes = [await createHome(hub), await createHome(hub)];
  const startMs = Date.now() - 3 * dayMs;
  const ofDay = ({ ders }: Home, day: number) =>
    `/ders/${ders.meter.derId}/telemetry?from=${startMs + day * dayMs}&to=${startMs + day * dayMs + 1}&resolution=raw`;
  const wishes = homes.flatMap((home) => [0, 1].map((day) => ({ home, day })));
  for (const { home, day } of wishes) {
    await home.publish("meter", { type: "meter", timestamp: startMs + day * dayMs, W: day });
  }
  const other = await createHome(hub);
  await other.publish("meter", { type: "meter", timestamp: Date.now(), W: 7 });
  const metrics = async () => (await ask("GET", "/metrics", {})).text;
  await askUntil(metrics, (text) => /archive_readings_total\{kind="rows"\} 5\n/.test(text));
  for (const { orgId } of homes) {
    rmSync(join(hub.dataDir, "archive-cache", `org=${orgId}`), { recursive: true, force: true });
  }
  hanging.hang();
  const waiting = wishes.map(({ home, day }) =>
    ask("GET", ofDay(home, day), { token: home.token }),
  );
  // As many as there are turns, and one more.
  await hanging.untilAsked(4);
  const recent = `/sites/${other.siteId}/telemetry?from=${Date.now() - 3_600_000}&resolution=raw`;
  const { status, body } = await ask("GET", recent, { token: other.token });
  assert.deepEqual([status, body.data.map(({ W }: { W: number }) => W)], [200, [7]]);
  hanging.goOn();
  const answers = await Promise.all(waiting);
  const powers = answers.map((answer) => answer.body.data.map(({ W }: { W: number }) => W));
  assert.deepEqual(
    powers,
    wishes.map(({ day }) => [day]),
  );
});

/** Asks again until it is so: the archive takes its time. */
async function askUntil<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  const deadlineMs = Date.now() + 30_000;
  for (;;) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    if (Date.now() > deadlineMs) throw new Error(`asked in vain: ${JSON.stringify(answer)}`);
    await setTimeout(50);
  }
}
