import { setTimeout as delay } from "node:timers/promises";
import { parseJson } from "../answer.ts";
import { backOffMs } from "../back-off.ts";
import type { Timing } from "../connection-state.ts";
import { type NovacoreError, toNovacoreError } from "../errors.ts";
import { Bell } from "./bell.ts";
import type { AddressedReading, Verdict } from "./delivery.ts";
import type { DroppedRecords, Spool, SpoolRecord } from "./spool.ts";
import type { Sent, Uplink, UplinkConnection } from "./uplink.ts";

export interface SenderOptions {
  readonly spool: Pick<Spool, "read" | "settle" | "head">;
  readonly uplink: Uplink;
  /** For what the uplink does not take. */
  readonly upload: UplinkConnection["send"];
  readonly timing: Timing;
  readonly onNotice: (notice: SenderNotice) => void;
  /** Called once for each reading, after it has left the spool. */
  readonly onVerdict: (sequence: number, verdict: Verdict) => void;
  readonly onDropped: (dropped: DroppedRecords) => void;
  /** Called before the next attempt, when the hub refused the gateway's login. */
  readonly onRefused: (signal: AbortSignal) => Promise<void>;
}

/** What happens to the connection. */
export type SenderNotice =
  | { readonly kind: "connected"; readonly tell: UplinkConnection["tell"] }
  /** Tried again after `retryInMs`, for ever. */
  | { readonly kind: "lost"; readonly error: NovacoreError; readonly retryInMs: number }
  /** The hub is there and does not take readings now. */
  | { readonly kind: "delayed"; readonly error: NovacoreError; readonly retryInMs: number };

export interface SenderSignals {
  /** Nothing new is begun. */
  readonly stopping: AbortSignal;
  /** What is under way is given up. */
  readonly ending: AbortSignal;
}

interface Batch {
  readonly records: readonly SpoolRecord[];
  readonly readings: readonly AddressedReading[];
  readonly send: UplinkConnection["send"];
}

/**
 * Sends what is in the spool, in its order, one batch after the other, and comes back for ever. What
 * got no verdict is sent again: the hub drops copies.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #bell = new Bell();
  /** Failures since it last went well. */
  #attempt = 0;
  /** The first sequence behind the batch that is under way. */
  #flightEnd = 0;
  /** Less than the uplink takes, where something on the way takes less. */
  #readingsMax = Number.POSITIVE_INFINITY;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** There is something new in the spool. */
  wake(): void {
    this.#bell.ring();
  }

  /** The spool had to drop these; of those under way it is not known yet whether the hub got them. */
  dropped({ from, to, reason }: DroppedRecords): void {
    const known = Math.max(from, this.#flightEnd);
    if (to > known) this.#options.onDropped({ from: known, to, reason });
  }

  async run({ stopping, ending }: SenderSignals): Promise<void> {
    const { timing, onNotice, onRefused } = this.#options;
    const stop = () => this.#bell.ring();
    stopping.addEventListener("abort", stop);
    while (!stopping.aborted) {
      const startedMs = performance.now();
      const error = await this.#connectAndServe({ stopping, ending });
      if (stopping.aborted || error === undefined) break;
      if (performance.now() - startedMs >= timing.steadyMs) this.#attempt = 0;
      const retryInMs = this.#nextPauseMs(error);
      onNotice({ kind: "lost", error, retryInMs });
      const looking = error.isRetryable ? undefined : onRefused(stopping);
      await Promise.all([looking, pause(retryInMs, stopping)]);
    }
    stopping.removeEventListener("abort", stop);
  }

  /** Resolves with why the connection ended; undefined: it was wanted so. */
  async #connectAndServe(signals: SenderSignals): Promise<NovacoreError | undefined> {
    const { uplink, timing, onNotice } = this.#options;
    let lost: NovacoreError | undefined;
    const onLost = (error: NovacoreError) => {
      lost = error;
      this.#bell.ring();
    };
    let connection: UplinkConnection | undefined;
    try {
      const limit = AbortSignal.timeout(timing.connectMs);
      const signal = AbortSignal.any([signals.stopping, limit]);
      connection = await uplink.connect({ signal, onLost });
      onNotice({ kind: "connected", tell: connection.tell?.bind(connection) });
      while (!signals.stopping.aborted && lost === undefined) {
        await this.#sendNext(connection, signals, () => lost !== undefined);
      }
      return lost;
    } catch (thrown) {
      return toNovacoreError(thrown, "The connection failed");
    } finally {
      await connection?.close();
    }
  }

  async #sendNext(
    connection: UplinkConnection,
    { stopping, ending }: SenderSignals,
    isLost: () => boolean,
  ): Promise<void> {
    const batch = await this.#nextBatch(connection);
    if (batch === undefined) return this.#bell.wait();
    this.#flightEnd = (batch.records.at(-1)?.sequence ?? 0) + 1;
    let sent: Sent = { verdicts: [] };
    try {
      sent = await batch.send(batch.readings, ending);
    } finally {
      this.#flightEnd = 0;
      await this.#settle(batch, sent);
    }
    if (sent.error === undefined) {
      this.#attempt = 0;
      return;
    }
    if (sent.error.code === "payload_too_large") return this.#halve(batch, sent);
    if (isLost() || stopping.aborted) return;
    const retryInMs = this.#nextPauseMs(sent.error);
    this.#options.onNotice({ kind: "delayed", error: sent.error, retryInMs });
    await pause(retryInMs, stopping);
  }

  /** From the head of the spool, as far as it goes one way. */
  async #nextBatch(connection: UplinkConnection): Promise<Batch | undefined> {
    const { spool, upload, onDropped } = this.#options;
    const limits = {
      records: Math.min(connection.readingsMax, this.#readingsMax),
      bytes: batchBytesMax,
    };
    const records = await spool.read(limits);
    const [record] = records;
    if (record === undefined) return undefined;
    const readings = readingsAmong(records);
    const [first] = readings;
    if (first === undefined) {
      // Sound on the disk, it would stand in the way for ever.
      const { sequence } = record;
      await spool.settle(record);
      onDropped({ from: sequence, to: sequence + 1, reason: "damaged" });
      return this.#nextBatch(connection);
    }
    const isTaken = connection.takes(first);
    const other = readings.findIndex((reading) => connection.takes(reading) !== isTaken);
    const count = other < 0 ? readings.length : other;
    return {
      records: records.slice(0, count),
      readings: readings.slice(0, count),
      send: isTaken ? connection.send.bind(connection) : upload,
    };
  }

  /** The position is kept first: whoever is told of a reading does not see it sent again. */
  async #settle({ records }: Batch, { verdicts }: Sent): Promise<void> {
    const { spool, onVerdict, onDropped } = this.#options;
    const last = records[verdicts.length - 1];
    if (last !== undefined) await spool.settle(last);
    for (const [index, verdict] of verdicts.entries()) {
      const sequence = records[index]?.sequence;
      if (sequence !== undefined) onVerdict(sequence, verdict);
    }
    const from = records[verdicts.length]?.sequence ?? Number.POSITIVE_INFINITY;
    const to = Math.min(spool.head, (records.at(-1)?.sequence ?? 0) + 1);
    if (to > from) onDropped({ from, to, reason: "spool_full" });
  }

  /** Something on the way takes less than the hub: fewer at once, and one that is too large leaves. */
  async #halve({ records, readings }: Batch, { verdicts, error }: Sent): Promise<void> {
    const [record, reading] = [records[verdicts.length], readings[verdicts.length]];
    if (readings.length > 1 || record === undefined || reading === undefined || !error) {
      this.#readingsMax = Math.ceil(readings.length / 2);
      return;
    }
    const { code, message } = error;
    await this.#options.spool.settle(record);
    const rejection = { code, message, reading };
    this.#options.onVerdict(record.sequence, { status: "rejected", rejection });
  }

  #nextPauseMs({ retryMs }: NovacoreError): number {
    const { timing } = this.#options;
    return backOffMs(retryMs, this.#attempt++, { random: Math.random(), timing });
  }
}

/** As much as nats-server, proxies and a bad line take at once. */
const batchBytesMax = 512 * 1_024;

/** Those up to the first record that is none. */
function readingsAmong(records: readonly SpoolRecord[]): AddressedReading[] {
  const readings: AddressedReading[] = [];
  for (const { payload } of records) {
    try {
      const reading = parseJson<AddressedReading | null>(payload.toString());
      if (typeof reading !== "object" || reading === null) break;
      readings.push(reading);
    } catch {
      break; // no JSON
    }
  }
  return readings;
}

/** Waits, or returns early when the signal comes. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
