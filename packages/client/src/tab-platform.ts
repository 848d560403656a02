import type { EnrichedReading } from "@novacore/protocol";

/** What tabs say to each other. Never a credential. */
export type TabMessage =
  /** The feed went on from one position to another, with these readings; none: a heartbeat. */
  | {
      readonly kind: "step";
      readonly from: string;
      readonly to: string;
      readonly readings: readonly EnrichedReading[];
    }
  /** The feed begins anew, somewhere else. */
  | { readonly kind: "reset" }
  /** Somebody is new, and wants to know where the feed is. */
  | { readonly kind: "ask" };

/** How tabs of one origin find each other, so that tests can have their own. */
export interface Tabs {
  /** A text that says nothing of this one, and is another one for every other. */
  hash(text: string): Promise<string>;
  /** Hears what the others say under this name, and not what it says itself. */
  join(name: string, hear: (message: TabMessage) => void): TabChannel;
  /**
   * Calls once when no other has the name, which is this one's until the signal; also when the one
   * that had it has crashed.
   */
  lead(name: string, signal: AbortSignal, begin: () => void): void;
}

export interface TabChannel {
  post(message: TabMessage): void;
  close(): void;
}

/** Undefined where the platform lacks what it takes. */
export function platformTabs(): Tabs | undefined {
  const { navigator, BroadcastChannel, crypto } = globalThis;
  const locks = navigator?.locks;
  if (!locks || !BroadcastChannel || !crypto?.subtle) return undefined;
  return {
    async hash(text) {
      const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
      return btoa(String.fromCharCode(...new Uint8Array(bytes)));
    },
    join(name, hear) {
      const channel = new BroadcastChannel(name);
      channel.onmessage = ({ data }) => {
        if (isTabMessage(data)) hear(data);
      };
      return {
        post: (message) => channel.postMessage(message),
        close: () => channel.close(),
      };
    },
    lead(name, signal, begin) {
      const hold = () =>
        new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => resolve(), { once: true });
          if (signal.aborted) resolve();
          else begin();
        });
      locks.request(name, { signal }, hold).catch((error: unknown) => {
        // Who stops waiting is told so by an error.
        if (!signal.aborted) throw error;
      });
    },
  };
}

/** Any script of the origin may speak on the channel. */
export function isTabMessage(data: unknown): data is TabMessage {
  const { kind, from, to, readings } = Object(data);
  if (kind !== "step") return kind === "ask" || kind === "reset";
  return typeof from === "string" && typeof to === "string" && Array.isArray(readings);
}
