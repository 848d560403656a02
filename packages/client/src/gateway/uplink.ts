import type { NovacoreError } from "../errors.ts";
import type { AddressedReading, Verdict } from "./delivery.ts";

/** A way to the hub. Back-off, and what to send next, are not its business. */
export interface Uplink {
  /**
   * Logs in. Throws NovacoreError when the hub cannot be reached or refuses the gateway, as it does
   * while nobody has claimed it.
   */
  connect(options: ConnectOptions): Promise<UplinkConnection>;
}

export interface ConnectOptions {
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  /** Called once when the connection is lost; not after `close`. */
  readonly onLost: (error: NovacoreError) => void;
}

export interface UplinkConnection {
  /** Readings that one `send` may have. */
  readonly readingsMax: number;
  /** Whether the reading can go this way; if not, it is uploaded over HTTP. */
  takes(reading: AddressedReading): boolean;
  /** Never throws but for the signal. */
  send(readings: readonly AddressedReading[], signal: AbortSignal): Promise<Sent>;
  /** Sends word about the gateway itself; undefined: this way has none for it. */
  readonly tell?: (state: object) => void;
  close(): Promise<void>;
}

/** What came of a `send`: of the first readings, in their order; the rest has to be sent again. */
export interface Sent {
  readonly verdicts: readonly Verdict[];
  /** Why the rest got no verdict; undefined: there is no rest. */
  readonly error?: NovacoreError;
}
