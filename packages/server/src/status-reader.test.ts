import assert from "node:assert/strict";
import { test } from "node:test";
import type { DerPlace } from "./history/latest.ts";
import type { LastReading } from "./last-known.ts";
import type { Device } from "./registry/devices.ts";
import { readStatus, type StatusReaderParts } from "./status-reader.ts";

const now = 1_700_000_000_000;
const createdAt = new Date(now - 86_400_000).toISOString();

function device(id: string, derCount: number): Device {
  return {
    ...{ id, orgId: "org", siteId: `site-of-${id}`, gatewaySerial: "gw", hardwareId: `hw:${id}` },
    ...{ name: null, manufacturer: null, model: null, type: "energy_meter", createdAt },
    movedAt: null,
    state: "active",
    ders: Array.from({ length: derCount }, (_, index) => {
      const name = `m${index}`;
      return { id: `${id}-${name}`, deviceId: id, name, type: "meter", createdAt };
    }),
  };
}

/** A hub where nothing is online; notes what of the past it is asked for. */
function silentHub(known: ReadonlyMap<string, LastReading> = new Map()) {
  const asked: (readonly DerPlace[])[] = [];
  const parts: StatusReaderParts = {
    watchedSites: { lastSeen: async () => [], knownOf: () => undefined },
    lastKnown: async (ders) => {
      asked.push(ders);
      return known;
    },
    presences: {
      of: async () => ({
        ...{ claimStartMs: 0, isConnected: true, sinceMs: undefined, lastSeenMs: undefined },
        ...{ clock: undefined, clockDriftMs: undefined },
      }),
    },
    readTree: async () => undefined,
    readRejections: async () => [],
    now: () => now,
  };
  return { parts, asked };
}

const asker = { party: "idt-1", sites: "all", signal: new AbortController().signal } as const;

test("the past is asked once for all silent DERs, by the places that are known already", async () => {
  const { parts, asked } = silentHub(
    new Map([["a-m1", { timestampMs: now - 9_000, receivedAtMs: now - 8_000 }]]),
  );
  const statuses = await readStatus(parts, [device("a", 640), device("b", 640)], asker);
  assert.equal(asked.length, 1);
  assert.equal(asked[0]?.length, 1_280);
  const place = { orgId: "org", siteId: "site-of-b", deviceId: "b", derId: "b-m639" };
  assert.deepEqual(asked[0]?.at(-1), place);
  const [never, once] = statuses;
  assert.deepEqual([never?.why, never?.sinceMs], ["never_reported", Date.parse(createdAt)]);
  assert.deepEqual([once?.why, once?.sinceMs], ["device_silent", now - 8_000]);
});

test("what the asker has found in the past is not looked for again", async () => {
  const { parts, asked } = silentHub();
  const lastKnown = new Map([["a-m0", { timestampMs: now - 9_000, receivedAtMs: now - 8_000 }]]);
  const [status] = await readStatus(parts, [device("a", 1)], { ...asker, lastKnown });
  assert.equal(asked.length, 0);
  assert.equal(status?.last?.timestampMs, now - 9_000);
});
