import assert from "node:assert/strict";
import { test } from "node:test";
import { uniform } from "@novacore/simulator";
import { createAsk } from "../support/ask.ts";
import { createHome, type Home } from "../support/home.ts";
import { startHub, type TestHub } from "../support/hub.ts";
import { type Listener, listen } from "../support/listener.ts";

const cuts = 100;
/** Cuts at once, at different stages. */
const atOnce = 4;
/** Readings that a finished cut lets come, in the midst of the others; without an end, cuts would read ever more. */
const readingsOfCut = 40;
const seed = Number(process.env.NOVACORE_TEST_SEED ?? 1);

interface Key {
  readonly der_id: string;
  readonly timestamp: number;
}

const keyOf = ({ der_id, timestamp }: Key) => `${der_id} ${timestamp}`;

test(`history, then live from its cursor, is what was published: ${cuts} cuts under load`, async () => {
  const hub = await startHub({ NOVACORE_ARCHIVE_INTERVAL: "0.5" });
  try {
    const home = await createHome(hub);
    const load = startLoad(hub, home);
    const listeners: Cut[] = [];
    let next = 0;
    const cutter = async () => {
      while (next < cuts) {
        const index = next++;
        await load.reached(Math.ceil((index + uniform(seed, index)) * (readingsOfCut / 2)));
        listeners.push(await cut(hub, home, uniform(seed + 1, index)));
        load.allow((listeners.length + atOnce) * readingsOfCut);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, cutter));
    const published = await load.stop();
    const last = published.at(-1) ?? "";
    const expected = published.toSorted();
    for (const { history, live } of listeners) {
      await live.until("the last reading", () => live.readings().map(keyOf).includes(last));
      await live.close();
      const all = [...history, ...live.readings().map(keyOf)];
      assert.deepEqual(all.toSorted(), expected, `${history.length} readings, then live`);
    }
    const stages = listeners.map(({ history }) => history.length);
    assert.ok(new Set(stages).size > cuts / 2, `cuts at ${stages}`);
    assert.ok(Math.max(...stages.slice(1)) > 200);
  } finally {
    await hub.close();
  }
});

interface Cut {
  readonly history: readonly string[];
  readonly live: Listener;
}

/** Reads what there is, in pages of some size, and listens from the cursor on. */
async function cut(hub: TestHub, home: Home, chance: number): Promise<Cut> {
  const ask = createAsk(hub.url);
  const limit = 100 + Math.floor(chance * 5_000);
  const range = `from=${Date.now() - 3 * 86_400_000}&resolution=raw&limit=${limit}`;
  let path: string | undefined = `/sites/${home.siteId}/telemetry?${range}`;
  const history: string[] = [];
  let cursor = "";
  while (path !== undefined) {
    const { status, headers, body, text } = await ask("GET", path, { token: home.token });
    assert.equal(status, 200, text);
    history.push(...body.data.map(keyOf));
    cursor = body.cursor;
    path = /^<(.+)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1];
  }
  const live = await listen(`${hub.url}/stream/sites/${home.siteId}?since=${cursor}`, home);
  return { history, live };
}

/**
 * Uploads one batch after another: readings of now, of a while ago, and such that were uploaded
 * before. Gives the keys of what was stored, the last one of which comes after everything else.
 */
function startLoad(hub: TestHub, home: Home) {
  const ask = createAsk(hub.url);
  const { serial } = home.gateway;
  const published: string[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let isStopping = false;
  let allowed = atOnce * readingsOfCut;
  let goOn = Promise.withResolvers<void>();
  const upload = async (readings: readonly object[]) => {
    const token = home.gateway.loginJwt();
    const { body, text } = await ask("POST", `/gateways/${serial}/telemetry`, {
      ...{ token, body: readings },
    });
    for (const [index, { status }] of body.results.entries()) {
      assert.ok(status === "stored" || status === "duplicate", text);
      if (status === "stored") published.push(keyOf(readings[index] as Key));
    }
    for (const { resolve } of waiting.filter(({ count }) => count <= published.length)) resolve();
  };
  const run = async () => {
    for (let batch = 0; !isStopping; batch++) {
      await upload(batchOf(home, batch));
      if (published.length < allowed) continue;
      goOn = Promise.withResolvers();
      await goOn.promise;
    }
    const { meter } = home.ders;
    const last = { type: "meter", timestamp: Date.now() + 1_000, W: 1, der_id: meter.derId };
    await upload([{ ...last, hardware_id: meter.hardwareId, der: meter.der }]);
  };
  const done = run();
  return {
    /** Resolves when so many readings are stored. */
    reached: (count: number) =>
      Promise.race([
        done,
        new Promise<void>((resolve) => {
          if (published.length >= count) resolve();
          else waiting.push({ count, resolve });
        }),
      ]),
    /** Lets as many be published in all. */
    allow(count: number): void {
      allowed = count;
      goOn.resolve();
    },
    async stop(): Promise<readonly string[]> {
      isStopping = true;
      goOn.resolve();
      await done;
      return published;
    },
  };
}

function batchOf({ ders }: Home, batch: number): object[] {
  const count = 1 + Math.floor(uniform(seed + 2, batch) * 8);
  return Array.from({ length: count }, (_, index) => {
    const der = [ders.meter, ders.solar, ders.battery][index % 3] ?? ders.meter;
    const type = { grid: "meter", solar: "pv", battery: "battery" }[der.der] ?? "meter";
    const chance = uniform(seed + 3, batch * 10 + index);
    // A fifth of them is late, by up to a day and a half; some are the same once more.
    const lateMs = chance < 0.2 ? 60_000 * Math.ceil(uniform(seed + 4, batch) * 2_160) : 0;
    const timestamp = lateMs > 0 ? Math.floor(Date.now() / 60_000) * 60_000 - lateMs : Date.now();
    const { derId: der_id, hardwareId: hardware_id } = der;
    return { type, timestamp: timestamp - index, W: -1, der_id, hardware_id, der: der.der };
  });
}
