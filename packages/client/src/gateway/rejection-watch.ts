import type { Reading } from "@novacore/protocol";
import { parseJson } from "../answer.ts";
import type { Rejection as RejectionRecord } from "../openapi.ts";
import type { Rest } from "../rest.ts";
import type { Rejection } from "./delivery.ts";

export interface RejectionWatchOptions {
  readonly rest: Rest;
  readonly serial: string;
  /** How soon after a reading it is looked whether it was rejected. */
  readonly everyMs: number;
  readonly onRejection: (rejection: Rejection) => void;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** Of what MQTT carries the hub says nowhere else what it rejects. */
export class RejectionWatch {
  readonly #options: RejectionWatchOptions;
  /** Those from before are known. */
  #sinceMs = 0;
  readonly #seenThen = new Set<string>();
  #hasBegun = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RejectionWatchOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  /** To be called before the first reading is sent: what was rejected so far is not told. */
  async begin(): Promise<void> {
    if (this.#hasBegun) return;
    for (const { received_at, original } of await this.#read(1))
      this.#remember(received_at, original);
    this.#hasBegun = true;
  }

  /** Readings were acknowledged and not judged yet. */
  note(): void {
    if (this.#options.signal.aborted) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // What cannot be read now is found by the look after the next reading.
      this.#look().catch(() => undefined);
    }, this.#options.everyMs).unref();
  }

  async #look(): Promise<void> {
    if (!this.#hasBegun) return this.begin();
    const records = await this.#read(recordsMax);
    for (const record of records.reverse()) {
      this.#remember(record.received_at, record.original);
      const rejection = rejectionOf(record);
      if (rejection !== undefined) this.#options.onRejection(rejection);
    }
  }

  /** Those that are not known yet, the newest first. */
  async #read(max: number): Promise<RejectionRecord[]> {
    const { rest, serial, signal } = this.#options;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(lookMs)]);
    const page = { pageSize: Math.min(max, 100), signal: limit };
    const path = `gateways/${serial}/rejections`;
    const records: RejectionRecord[] = [];
    const itemsOf = (items: readonly RejectionRecord[]) => items;
    for await (const record of rest.pages(path, {}, page, itemsOf)) {
      const { received_at, original } = record;
      const isKnown = received_at === this.#sinceMs && this.#seenThen.has(original);
      if (received_at < this.#sinceMs || records.length >= max) break;
      if (!isKnown) records.push(record);
    }
    return records;
  }

  #remember(receivedMs: number, original: string): void {
    if (receivedMs > this.#sinceMs) this.#seenThen.clear();
    this.#sinceMs = Math.max(this.#sinceMs, receivedMs);
    this.#seenThen.add(original);
  }
}

const recordsMax = 1_000;
const lookMs = 10_000;

/** Undefined for one that came with an upload: that was answered. */
function rejectionOf(record: RejectionRecord): Rejection | undefined {
  const { error: code, message, path, hardware_id = "", der = "" } = record;
  const sent = sentReading(record);
  if (sent.hardware_id !== undefined) return undefined;
  const reading = { ...sent, hardware_id, der };
  return { code, message, ...(path !== undefined && { path }), reading };
}

type SentReading = Reading & { readonly hardware_id?: string };

/** Of what the hub has cut off, or what is no JSON, the members are not known. */
function sentReading({ original, truncated }: RejectionRecord): SentReading {
  const text = truncated ? unknown : Buffer.from(original, "base64").toString();
  try {
    return parseJson<SentReading | null>(text) ?? parseJson(unknown);
  } catch {
    return parseJson(unknown);
  }
}

const unknown = "{}";
