import assert from "node:assert/strict";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Gateway, GatewayKey } from "@novacore/client/gateway";
import { openGateway, spoolFolder } from "./open-gateway.ts";

/** Nobody is there: what is published stays in the spool. */
const nowhere = { url: "http://127.0.0.1:1", mqttUrl: "", natsUrl: "" };
const self = () => ({ serial: "gw-1", key: GatewayKey.generate() });
const meter = { hardwareId: "m:1", der: "grid" };
const reading = { type: "meter", timestamp: 1_700_000_000_000, W: 5 } as const;

test("a spool that could not be opened can be opened later", async (t) => {
  const spoolPath = await spoolFolder(t);
  const options = { ...self(), spoolPath, baseUrl: nowhere.url, via: "http" } as const;
  const obstacle = join(spoolPath, "position");
  await mkdir(obstacle);
  await assert.rejects(Gateway.open(options), { name: "NovacoreError", code: "spool_failed" });
  await rm(obstacle, { recursive: true });
  await using gateway = await Gateway.open(options);
  assert.equal(gateway.counts.spooled, 0);
});

const hasLock = process.platform === "linux";

test("a spool is known by its folder, not by the path", { skip: !hasLock }, async (t) => {
  const [path, moved] = [join(await spoolFolder(t), "a"), join(await spoolFolder(t), "b")];
  const options = { ...self(), spoolPath: path, baseUrl: nowhere.url, via: "http" } as const;
  await using first = await Gateway.open(options);
  await rename(path, moved);
  await assert.rejects(Gateway.open({ ...options, spoolPath: moved }), { code: "spool_in_use" });
  await using second = await Gateway.open(options);
  assert.notEqual(first, second);
});

test("a spool that cannot be made is refused with its reason", async (t) => {
  const spoolPath = join(process.execPath, "spool");
  const opening = openGateway(t, nowhere, "http", { ...self(), spoolPath });
  await assert.rejects(opening, { code: "spool_failed", message: /ENOTDIR|EEXIST|ENOENT/ });
});

test("what JSON cannot carry is rejected, and not spooled", async (t) => {
  const { gateway, events } = await openGateway(t, nowhere, "http", self());
  const circular = { ...reading, extra: {} };
  circular.extra = circular;
  const unwritable = [
    { ...reading, total_import_Wh: 10n },
    circular,
    { ...reading, toJSON: () => undefined },
    {
      ...reading,
      toJSON() {
        throw new Error("not today");
      },
    },
  ];
  for (const each of unwritable) {
    const publication = publishAny(gateway, each);
    assert.equal(await publication.spooled, false);
    const delivery = await publication;
    assert.ok(delivery.status === "rejected");
    assert.equal(delivery.rejection.code, "reading_invalid");
  }
  assert.equal(events.filter(({ kind }) => kind === "rejected").length, unwritable.length);
  assert.equal(await gateway.publish({ ...meter, reading }).spooled, true);
});

/** As a program in JavaScript may call it. */
function publishAny(gateway: Gateway, reading: object): ReturnType<Gateway["publish"]> {
  return Reflect.apply(gateway.publish, gateway, [{ ...meter, reading }]);
}

test("a reading is not spooled in a folder that was removed, and the disk is told to have failed", async (t) => {
  const spoolPath = await spoolFolder(t);
  const { gateway, events, until } = await openGateway(t, nowhere, "http", {
    ...self(),
    spoolPath,
  });
  assert.equal(await gateway.publish({ ...meter, reading }).spooled, true);
  await rm(spoolPath, { recursive: true });
  const publication = gateway.publish({ ...meter, reading });
  assert.equal(await publication.spooled, false);
  const delivery = await publication;
  assert.ok(delivery.status === "failed");
  assert.equal(delivery.error.code, "spool_failed");
  const failure = await until("it is told", () => events.find(({ kind }) => kind === "failed"));
  assert.ok(failure.kind === "failed");
  assert.equal(failure.error.code, "spool_failed");
});
