import { setTimeout as delay } from "node:timers/promises";
import type { ReadingStream } from "@novacore/client";
import type { EnrolledHome, Home, HomeDevice, Outcome, Sender } from "@novacore/simulator";
import { CommandFailed } from "./failure.ts";
import { type LatencySummary, summarise } from "./latencies.ts";

export interface HubBenchOptions {
  readonly home: Home;
  readonly devices: readonly HomeDevice[];
  readonly enrolled: EnrolledHome;
  readonly sender: Sender;
  /** Of the home's site, from before the first reading. */
  readonly stream: ReadingStream;
  readonly seconds: number;
  /** Readings a second; `max`: as fast as the hub acknowledges. */
  readonly rate: number | "max";
  /** Readings that wait for their acknowledgement at most. */
  readonly inFlightMax: number;
  readonly signal: AbortSignal;
  readonly onProgress: (published: number) => void;
}

export interface HubBenchResult {
  readonly seconds: number;
  readonly published: number;
  readonly rejected: number;
  readonly received: number;
  /** Published, not rejected, and not received within ten seconds of the last. */
  readonly missing: number;
  /** A second, over the time of publishing. */
  readonly acknowledged_per_s: number;
  readonly received_per_s: number;
  /** From publishing to the hub's acknowledgement, and to the reading's arrival at a listener. */
  readonly acknowledgement: LatencySummary;
  readonly delivery: LatencySummary;
}

const overdueMs = 10_000;

/** Publishes readings one by one as a gateway, and listens for them as an app does. */
export class HubBench {
  readonly #options: HubBenchOptions;
  readonly #derIds: ReadonlyMap<string, string>;
  /** When readings were published that have not arrived, by `der_id timestamp`. */
  readonly #sentMs = new Map<string, number>();
  #acknowledgedMs: number[] = [];
  #deliveredMs: number[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #onAllArrived: (() => void) | undefined;
  #published = 0;
  #rejected = 0;
  #lastTimestamp = 0;

  constructor(options: HubBenchOptions) {
    this.#options = options;
    const { devices } = options.enrolled;
    this.#derIds = new Map(devices.map(({ hardwareId, derId }) => [hardwareId, derId]));
  }

  async run(): Promise<HubBenchResult> {
    const listening = this.#listen();
    const measuring = this.#measure().finally(() => this.#options.stream.close());
    // A stream that is refused ends the measurement.
    const [result] = await Promise.all([measuring, listening]);
    return result;
  }

  async #measure(): Promise<HubBenchResult> {
    await this.#warmUp();
    const startMs = performance.now();
    await this.#publishAll(startMs);
    const seconds = (performance.now() - startMs) / 1_000;
    await this.#allArrived();
    return this.#result(seconds);
  }

  /** What is made at the first use is not measured. */
  async #warmUp(): Promise<void> {
    for (const _ of this.#options.devices) await this.#publishOne();
    await this.#allArrived();
    if (this.#sentMs.size > 0) {
      throw new CommandFailed(`The first readings did not arrive within ${overdueMs / 1_000} s.`);
    }
    this.#acknowledgedMs = [];
    this.#deliveredMs = [];
    this.#published = 0;
    this.#rejected = 0;
  }

  async #publishAll(startMs: number): Promise<void> {
    const { seconds, rate, inFlightMax, signal, onProgress } = this.#options;
    const endMs = startMs + seconds * 1_000;
    for (let index = 0; performance.now() < endMs; index++) {
      signal.throwIfAborted();
      const dueMs = rate === "max" ? 0 : startMs + (index * 1_000) / rate;
      if (dueMs >= endMs) break;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await delay(waitMs, undefined, { signal });
      if (this.#inFlight.size >= inFlightMax) await Promise.race(this.#inFlight);
      const sent = this.#publishOne().finally(() => this.#inFlight.delete(sent));
      sent.catch(() => undefined); // it is awaited with the others
      this.#inFlight.add(sent);
      onProgress(this.#published);
    }
    await Promise.all(this.#inFlight);
  }

  async #publishOne(): Promise<void> {
    const { home, devices, sender, signal } = this.#options;
    const device = devices[this.#published % devices.length];
    if (device === undefined) return;
    this.#published += 1;
    // Readings of a DER are told apart by their timestamps.
    this.#lastTimestamp = Math.max(Date.now(), this.#lastTimestamp + 1);
    const { hardwareId, der } = device;
    const payload = device.read(home.at(this.#lastTimestamp), this.#lastTimestamp);
    const key = `${this.#derIds.get(hardwareId)} ${this.#lastTimestamp}`;
    const sentMs = performance.now();
    this.#sentMs.set(key, sentMs);
    const [outcome] = await sender.send([{ hardwareId, der: der.name, payload }], signal);
    this.#acknowledgedMs.push(performance.now() - sentMs);
    if (isRejected(outcome)) this.#reject(key);
  }

  #reject(key: string): void {
    this.#rejected += 1;
    this.#settle(key);
  }

  #settle(key: string): void {
    this.#sentMs.delete(key);
    if (this.#sentMs.size === 0) this.#onAllArrived?.();
  }

  /** Waits for what was published, for some seconds at most. */
  #allArrived(): Promise<void> {
    if (this.#sentMs.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, overdueMs);
      this.#onAllArrived = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#options.signal.addEventListener("abort", this.#onAllArrived);
    });
  }

  async #listen(): Promise<void> {
    for await (const { der_id, timestamp } of this.#options.stream) {
      const key = `${der_id} ${timestamp}`;
      const sentMs = this.#sentMs.get(key);
      if (sentMs === undefined) continue;
      this.#deliveredMs.push(performance.now() - sentMs);
      this.#settle(key);
    }
  }

  #result(seconds: number): HubBenchResult {
    const perSecond = (count: number) => Math.round(count / seconds);
    return {
      seconds: Math.round(seconds * 100) / 100,
      ...{ published: this.#published, rejected: this.#rejected },
      ...{ received: this.#deliveredMs.length, missing: this.#sentMs.size },
      acknowledged_per_s: perSecond(this.#acknowledgedMs.length),
      received_per_s: perSecond(this.#deliveredMs.length),
      acknowledgement: summarise(this.#acknowledgedMs),
      delivery: summarise(this.#deliveredMs),
    };
  }
}

function isRejected(outcome: Outcome | undefined): boolean {
  return outcome?.status === "rejected";
}
