import { platformTabs, type Tabs } from "./tab-platform.ts";
import { TabStream } from "./tab-stream.ts";
import { topicOf } from "./tab-topic.ts";
import type { Opening, Transport } from "./transport.ts";

/**
 * Has the tabs of one origin share a connection where they follow the same stream as the same
 * identity: `new Novacore({ baseUrl, token, shareTabs })`. Each tab's stream promises what it does
 * without: it begins where it was told to, misses nothing, and waits for no other tab. Streams with
 * `liveness`, `mode: "latest"` or `minIntervalMs`, and those by cookie, keep connections of their own,
 * and so do all of them where the platform has no Web Locks (pages that were not loaded securely).
 */
export function shareTabs(transport: Transport, baseUrl: string): Transport {
  const tabs = platformTabs();
  return tabs === undefined ? transport : createTabsTransport(transport, baseUrl, tabs);
}

/** The same where the platform is given. */
export function createTabsTransport(transport: Transport, baseUrl: string, tabs: Tabs): Transport {
  return {
    open(opening) {
      if (!isShared(opening)) return transport.open(opening);
      const topic = topicOf(baseUrl, opening, tabs.hash);
      return new TabStream(opening, { transport, tabs, topic });
    },
  };
}

/** What the hub tells each connection for itself, by when it came, cannot be handed on. */
function isShared({ selection, credential }: Opening): boolean {
  const { liveness, mode, min_interval_ms } = selection;
  const isEach = liveness !== true && mode !== "latest" && min_interval_ms === undefined;
  return isEach && credential !== undefined;
}
