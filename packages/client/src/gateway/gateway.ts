import type { Reading } from "@novacore/protocol";
import { defaultTiming } from "../connection-state.ts";
import { NovacoreError, toNovacoreError } from "../errors.ts";
import { EventHub } from "../event-hub.ts";
import { Deliveries } from "./deliveries.ts";
import type { AddressedReading, Delivery, Verdict } from "./delivery.ts";
import type { GatewayCounts, GatewayEvent } from "./events.ts";
import { HubClock } from "./hub-clock.ts";
import { type ClaimMessage, GatewayIdentity } from "./identity.ts";
import {
  checkOptions,
  defaultSpoolAgeMaxMs,
  defaultSpoolBytesMax,
  type GatewayOptions,
} from "./options.ts";
import { encodeReading } from "./reading-check.ts";
import { Sender, type SenderNotice } from "./sender.ts";
import { type DroppedRecords, Spool } from "./spool.ts";
import { openDiskFolder } from "./spool-folder.ts";
import { lockSpool } from "./spool-lock.ts";
import { StateReports } from "./state-reports.ts";
import { openWays } from "./ways.ts";

/** What is measured, and of what. */
export interface GatewayReading {
  /** Of the device, as it was provisioned. */
  readonly hardwareId: string;
  /** The DER's name, or its type where the device has one of that type. */
  readonly der: string;
  /** `timestamp` in epoch ms tells readings of a DER apart: one that has the same is a copy. */
  readonly reading: Reading;
}

/** Resolves with what became of the reading; it never rejects. */
export type Publication = Promise<Delivery> & {
  /**
   * Resolves as soon as it is known whether the reading is safe on this machine's disk: true, and it
   * survives `kill -9` and a power cut; or false, and the delivery says why.
   */
  readonly spooled: Promise<boolean>;
};

/**
 * The publishing side of a gateway. A reading goes to a spool on the disk and from there to the hub,
 * in order, until the hub has answered for it. Losing the hub, this process or power loses nothing
 * that was spooled; what is sent twice is stored once.
 */
export class Gateway implements AsyncDisposable {
  readonly #identity: GatewayIdentity;
  readonly #clock: HubClock;
  readonly #events = new EventHub<GatewayEvent>();
  readonly #deliveries = new Deliveries();
  readonly #counts = {
    published: 0,
    stored: 0,
    duplicates: 0,
    acknowledged: 0,
    rejected: 0,
    dropped: 0,
    failed: 0,
  };
  readonly #stopping = new AbortController();
  readonly #ending = new AbortController();
  readonly #drained: (() => void)[] = [];
  readonly #spool: Spool;
  readonly #sender: Sender;
  readonly #reports: StateReports;
  readonly #unlock: () => Promise<void>;
  readonly #running: Promise<void>;
  #closing: Promise<void> | undefined;

  /**
   * Opens the spool and begins to connect; what an earlier process left in the spool is sent first.
   * Throws NovacoreError `options_invalid`, `spool_in_use` where another gateway has the spool, and
   * `spool_failed` where the disk does not give it or take more.
   */
  static async open(options: GatewayOptions): Promise<Gateway> {
    checkOptions(options);
    const identity = new GatewayIdentity(options.serial, options.key);
    const folder = await openDiskFolder(options.spoolPath).catch(spoolFailed);
    const unlock = await lockSpool(options.spoolPath);
    let gateway: Gateway | undefined;
    try {
      const spool = await Spool.open({
        folder,
        bytesMax: options.spoolBytesMax ?? defaultSpoolBytesMax,
        ageMaxMs: options.spoolAgeMaxMs ?? defaultSpoolAgeMaxMs,
        now: Date.now,
        onAppended: () => {
          if (gateway !== undefined) gateway.#sender.wake();
        },
        onDropped: (dropped) => {
          if (gateway !== undefined) gateway.#sender.dropped(dropped);
        },
      }).catch(spoolFailed);
      gateway = new Gateway(options, identity, spool, unlock);
      return gateway;
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  private constructor(
    options: GatewayOptions,
    identity: GatewayIdentity,
    spool: Spool,
    unlock: () => Promise<void>,
  ) {
    this.#identity = identity;
    this.#spool = spool;
    this.#unlock = unlock;
    this.#clock = new HubClock(options.baseUrl);
    const timing = { ...defaultTiming, backoffMostMs, ...options.timing };
    this.#reports = new StateReports(identity.serial, options.state, (error) =>
      this.#events.tell({ kind: "failed", error }),
    );
    this.#sender = new Sender({
      ...openWays({
        ...{ options, identity, clock: this.#clock, connectMs: timing.connectMs },
        onRejection: (rejection) => void this.#count({ status: "rejected", rejection }),
        signal: this.#stopping.signal,
      }),
      ...{ spool, timing },
      onNotice: (notice) => this.#notice(notice),
      onVerdict: (sequence, verdict) => this.#verdict(sequence, verdict),
      onDropped: (dropped) => this.#dropped(dropped),
      onRefused: (signal) => this.#lookAtClock(signal),
    });
    this.#running = this.#sender.run({
      stopping: this.#stopping.signal,
      ending: this.#ending.signal,
    });
    options.signal?.addEventListener("abort", () => void this.close(), {
      signal: this.#stopping.signal,
    });
    if (options.signal?.aborted) void this.close();
  }

  get serial(): string {
    return this.#identity.serial;
  }

  /** X‖Y as 128 hex digits, as on a label: `public_key` of a claim. */
  get publicKey(): string {
    return this.#identity.publicKey;
  }

  get counts(): GatewayCounts {
    return { ...this.#counts, spooled: this.#spool.length };
  }

  /** For `POST /gateways/claim`, by whoever is to own the gateway; good for ten minutes, once. */
  claimMessage(claimerId: string): ClaimMessage {
    return this.#identity.claimMessage(claimerId, this.#clock.now());
  }

  publish({ hardwareId, der, reading }: GatewayReading): Publication {
    this.#counts.published++;
    const addressed = { ...reading, hardware_id: hardwareId, der };
    const spooled = Promise.withResolvers<boolean>();
    const delivery = new Promise<Delivery>((resolve) => {
      void this.#spoolReading(addressed, resolve).then(spooled.resolve);
    });
    return Object.assign(delivery, { spooled: spooled.promise });
  }

  /** Calls for each event from now on; gives the function that ends that. */
  onEvent(listener: (event: GatewayEvent) => void): () => void {
    return this.#events.on(listener);
  }

  /** The events from now on; ends when the gateway is closed. */
  events(): AsyncIterableIterator<GatewayEvent, undefined> {
    return this.#events.iterate();
  }

  /** Resolves once the hub has answered for everything that is in the spool, or it is closed. */
  drained(): Promise<void> {
    if (this.#spool.length === 0 || this.#closing !== undefined) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /**
   * Waits for the batch that is under way, two seconds at most, and ends. What is in the spool then
   * is sent by whoever opens it next.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #spoolReading(
    reading: AddressedReading,
    resolve: (delivery: Delivery) => void,
  ): Promise<boolean> {
    try {
      const encoded = encodeReading(reading);
      if ("rejection" in encoded) {
        resolve(this.#count({ status: "rejected", rejection: encoded.rejection }));
        return false;
      }
      if (this.#closing !== undefined) throw new NovacoreError("closed", "The gateway is closed.");
      this.#deliveries.await(await this.#spool.append(encoded.payload), resolve);
      return true;
    } catch (thrown) {
      const error = toNovacoreError(thrown, "The reading could not be spooled");
      this.#counts.failed++;
      this.#events.tell({ kind: "failed", error });
      resolve({ status: "failed", error });
      return false;
    }
  }

  #verdict(sequence: number, verdict: Verdict): void {
    this.#deliveries.settle(sequence, this.#count(verdict));
    this.#tellDrained();
  }

  #count(verdict: Verdict): Verdict {
    switch (verdict.status) {
      case "stored":
        this.#counts.stored++;
        break;
      case "duplicate":
        this.#counts.duplicates++;
        break;
      case "acknowledged":
        this.#counts.acknowledged++;
        break;
      case "rejected":
        this.#counts.rejected++;
        this.#events.tell({ kind: "rejected", ...verdict.rejection });
        break;
    }
    return verdict;
  }

  #dropped({ from, to, reason }: DroppedRecords): void {
    this.#counts.dropped += to - from;
    this.#events.tell({ kind: "dropped", count: to - from, reason });
    this.#deliveries.settleRange(from, to, { status: "dropped", reason });
    this.#tellDrained();
  }

  #notice(notice: SenderNotice): void {
    if (notice.kind === "connected") {
      this.#reports.start(notice.tell);
      this.#events.tell({ kind: "connected" });
      return;
    }
    if (notice.kind === "lost") {
      this.#reports.stop();
      const { error } = notice;
      if (error.code === "spool_failed") this.#events.tell({ kind: "failed", error });
    }
    this.#events.tell(notice);
  }

  async #lookAtClock(signal: AbortSignal): Promise<void> {
    const before = this.#clock.aheadMs;
    await this.#clock.look(signal);
    const { aheadMs } = this.#clock;
    if (aheadMs !== 0 && before === 0) this.#events.tell({ kind: "clock", aheadMs });
  }

  #tellDrained(): void {
    if (this.#spool.length > 0) return;
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  async #close(): Promise<void> {
    this.#stopping.abort();
    const overdue = setTimeout(() => this.#ending.abort(), closeMs);
    await this.#running;
    clearTimeout(overdue);
    this.#reports.stop();
    await this.#spool.close();
    await this.#unlock();
    this.#deliveries.close();
    for (const resolve of this.#drained.splice(0)) resolve();
    this.#events.close();
  }
}

function spoolFailed(thrown: unknown): never {
  if (thrown instanceof NovacoreError) throw thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const message = `The spool cannot be opened: ${reason}.`;
  throw new NovacoreError("spool_failed", message, { cause: thrown });
}

const closeMs = 2_000;
/** A gateway that nobody has claimed yet, or whose hub was away, is there soon after. */
const backoffMostMs = 10_000;
