import { createHash } from "node:crypto";
import type { TabMessage, Tabs } from "./tab-platform.ts";

/** Tabs that the test lets talk: what one says, the others hear when it is delivered. */
export class FakeTabs implements Tabs {
  readonly #members = new Set<{ readonly name: string; readonly hear: Hear }>();
  readonly #waiting: { name: string; signal: AbortSignal; begin: () => void }[] = [];
  readonly #leading = new Map<string, AbortSignal>();
  readonly said: TabMessage[] = [];
  /** Does not deliver what this finds. */
  loses: (message: TabMessage) => boolean = () => false;

  get names(): string[] {
    return [...this.#members].map(({ name }) => name);
  }

  /** At once, where a platform's takes as long as it likes. */
  async hash(text: string): Promise<string> {
    return createHash("sha256").update(text).digest("hex");
  }

  join(name: string, hear: Hear) {
    const member = { name, hear };
    this.#members.add(member);
    return {
      post: (message: TabMessage) => {
        this.said.push(message);
        if (this.loses(message)) return;
        for (const other of [...this.#members]) {
          if (other !== member && other.name === name) other.hear(structuredClone(message));
        }
      },
      close: () => void this.#members.delete(member),
    };
  }

  lead(name: string, signal: AbortSignal, begin: () => void): void {
    this.#waiting.push({ name, signal, begin });
    signal.addEventListener("abort", () => queueMicrotask(() => this.#elect(name)));
    this.#elect(name);
  }

  #elect(name: string): void {
    if (this.#leading.get(name)?.aborted === false) return;
    const index = this.#waiting.findIndex((each) => each.name === name && !each.signal.aborted);
    for (const { signal, begin } of index < 0 ? [] : this.#waiting.splice(index, 1)) {
      this.#leading.set(name, signal);
      begin();
    }
  }
}

type Hear = (message: TabMessage) => void;
