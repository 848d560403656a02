import type { Logger } from "pino";

/** Turns a pending device active at its first stored reading: once, not at each reading. */
export class Activator {
  readonly #activate: (deviceId: string) => Promise<void>;
  readonly #log: Pick<Logger, "warn">;
  readonly #running = new Set<string>();

  constructor(activate: (deviceId: string) => Promise<void>, log: Pick<Logger, "warn">) {
    this.#activate = activate;
    this.#log = log;
  }

  activate(deviceId: string): void {
    if (this.#running.has(deviceId)) return;
    this.#running.add(deviceId);
    void this.#run(deviceId);
  }

  /** A failure is not the reading's: the next reading tries again. */
  async #run(deviceId: string): Promise<void> {
    try {
      await this.#activate(deviceId);
    } catch (error) {
      this.#log.warn({ err: error, deviceId }, "the device could not be marked active");
    } finally {
      this.#running.delete(deviceId);
    }
  }
}
