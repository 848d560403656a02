import { NovacoreError } from "../errors.ts";
import type { GatewayState } from "./options.ts";
import type { UplinkConnection } from "./uplink.ts";

/** Tells the hub every 15 s how the gateway does (wire contract §6), while there is a connection. */
export class StateReports {
  readonly #serial: string;
  readonly #read: (() => GatewayState) | undefined;
  readonly #onFailed: (error: NovacoreError) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    serial: string,
    read: (() => GatewayState) | undefined,
    onFailed: (error: NovacoreError) => void,
  ) {
    this.#serial = serial;
    this.#read = read;
    this.#onFailed = onFailed;
  }

  start(tell: UplinkConnection["tell"]): void {
    this.stop();
    const read = this.#read;
    if (tell === undefined || read === undefined) return;
    const report = () => {
      const timestamp = Math.floor(Date.now() / 1_000); // of this message alone: whole seconds
      try {
        tell({ serial: this.#serial, ...read(), timestamp });
      } catch (cause) {
        // The program's own fault, and no reason to hold up readings.
        const message = `The gateway's state could not be told: ${String(cause)}.`;
        this.#onFailed(new NovacoreError("options_invalid", message, { cause }));
      }
    };
    report();
    this.#timer = setInterval(report, reportMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

const reportMs = 15_000;
