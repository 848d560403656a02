import type { Manifest } from "../registry/manifest.ts";
import type { OnStep } from "./steps.ts";

/**
 * Files that are being written. The manifest counts them as garbage until they are committed, so that
 * they are found after a crash; here stands which of them are not to be collected yet.
 */
export class Announcements {
  readonly #manifest: Pick<Manifest, "announce">;
  readonly #onStep: OnStep;
  readonly #open = new Set<string>();

  constructor(manifest: Pick<Manifest, "announce">, onStep: OnStep) {
    this.#manifest = manifest;
    this.#onStep = onStep;
  }

  /** Keeps what the work announces until it has ended, committed or not. */
  async during<T>(work: (announce: Announce) => Promise<T>): Promise<T> {
    const announced: string[] = [];
    try {
      return await work(async (paths) => {
        for (const path of paths) this.#open.add(path);
        announced.push(...paths);
        await this.#manifest.announce(paths);
        this.#onStep("announced");
      });
    } finally {
      for (const path of announced) this.#open.delete(path);
    }
  }

  has(path: string): boolean {
    return this.#open.has(path);
  }
}

/** Has to be told of every file before anything of it is on the disk. */
export type Announce = (paths: readonly string[]) => Promise<void>;
