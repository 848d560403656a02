import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { after, before, test } from "node:test";
import { Novacore, type NovacoreOptions, type ReadingStream } from "@novacore/client";
import { natsTransport } from "@novacore/client/nats";
import { shareTabs } from "@novacore/client/tabs";
import { backEndToken, createBackEnd } from "../support/back-end.ts";
import { createHome, type Home } from "../support/home.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";
import { openStreams, untilOpenStreams } from "../support/open-streams.ts";

const streamsPerWay = 200;
const streamsAtOnce = 20;

let hub: HubProcess;
let home: Home;
let token: string;

before(async () => {
  hub = await startHubProcess();
  home = await createHome(hub);
  // NATS is open to integrations alone.
  token = await backEndToken(hub.url, await createBackEnd(home));
  await home.publish("solar", { type: "pv", timestamp: Date.now(), W: -1 });
});
after(() => hub?.close());

const ways: Readonly<Record<string, () => Partial<NovacoreOptions>>> = {
  sse: () => ({ transport: "sse" }),
  websocket: () => ({ transport: "websocket" }),
  nats: () => ({ transport: natsTransport() }),
  "websocket that is shared": () => ({ transport: "websocket", shareTabs }),
};

/** How far a stream gets before it ends. */
const stages: readonly ((stream: ReadingStream) => unknown)[] = [
  () => undefined,
  (stream) => void stream.next(),
  (stream) => until(stream, "connected"),
  (stream) => stream.next(),
];

/** How a stream ends. */
const endings: readonly ((stream: ReadingStream, abort: AbortController) => unknown)[] = [
  (stream) => stream.close(),
  (stream) => stream.return(),
  (_stream, abort) => abort.abort(),
  (stream) => stream[Symbol.asyncDispose](),
];

for (const [name, optionsOf] of Object.entries(ways)) {
  test(`${streamsPerWay} streams by ${name}, ended in every way, leave nothing behind`, async () => {
    const nova = new Novacore({ baseUrl: hub.url, token, ...optionsOf() });
    const shared = new AbortController();
    const live = async (index: number) => {
      const abort = new AbortController();
      const signal = AbortSignal.any([shared.signal, abort.signal]);
      const stream = nova.site(home.siteId).readings({ snapshot: true, signal });
      const state = Math.floor(index / endings.length) % stages.length;
      await stages[state]?.(stream);
      await endings[index % endings.length]?.(stream, abort);
      assert.equal(stream.state, "ended");
      assert.equal(getEventListeners(signal, "abort").length, 0);
    };
    // What is made once and kept, as the connections of fetch, is there before it is counted.
    for (let index = 0; index < streamsAtOnce; index++) await live(index);
    await untilOpenStreams(hub.url, 0);
    const before = openResources();
    for (let done = 0; done < streamsPerWay; done += streamsAtOnce) {
      await Promise.all(Array.from({ length: streamsAtOnce }, (_, index) => live(done + index)));
    }
    await untilOpenStreams(hub.url, 0);
    assert.equal(getEventListeners(shared.signal, "abort").length, 0);
    // Idle connections of fetch are closed by themselves, a few seconds later.
    const giveUpAt = performance.now() + 30_000;
    while (openResources() > before && performance.now() < giveUpAt) await openStreams(hub.url);
    assert.ok(openResources() <= before, `${openResources()} are open, ${before} were before`);
  });
}

/** Sockets, timers, ports and whatever else keeps a program running. */
function openResources(): number {
  return process.getActiveResourcesInfo().length;
}

/** Reads until the stream tells an event of this kind. */
async function until(stream: ReadingStream, kind: string): Promise<void> {
  const states = stream.states();
  void stream.next();
  for await (const event of states) if (event.kind === kind) break;
}
