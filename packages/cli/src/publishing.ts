import { setTimeout as delay } from "node:timers/promises";
import { NovacoreError } from "@novacore/client";
import type { Gateway, GatewayEvent, Rejection } from "@novacore/client/gateway";
import type { Context } from "./context.ts";
import { CommandFailed } from "./failure.ts";
import {
  delivered,
  type Publication,
  publicationText,
  refused,
  rejectedLater,
} from "./publication.ts";
import { type Defaults, LineRefusal, readLine } from "./published-line.ts";

export interface PublishingOptions {
  /** Whether what the hub has not answered for stays in the spool. */
  readonly isKept: boolean;
  /** How long the hub may be away. */
  readonly waitMs: number;
}

/** Over MQTT: between two looks at what was rejected, and how long they are awaited at the end. */
export const rejectionsEveryMs = 500;
const lateRejectionsMs = 2_000;
/** Readings that wait for their answer; then no more are read. */
const inFlightMax = 2_000;

/** Publishes lines as a gateway, and tells in their order what became of each. */
export class Publishing {
  /** Ends when the command does, or the hub was away for too long. */
  readonly signal: AbortSignal;
  readonly #gateway: Gateway;
  readonly #output: Context["output"];
  readonly #say: Context["say"];
  readonly #options: PublishingOptions;
  readonly #stuck = new AbortController();
  readonly #rejections: Rejection[] = [];
  readonly #told = new Set<string>();
  #lastError = new NovacoreError("unreachable", "The hub did not answer.");
  /** Said once until it is over: attempts follow one another. */
  #saidError: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #published = 0;
  #failed = 0;

  constructor(
    gateway: Gateway,
    { output, say, signal }: Pick<Context, "output" | "say" | "signal">,
    options: PublishingOptions,
  ) {
    this.#gateway = gateway;
    this.#output = output;
    this.#say = say;
    this.#options = options;
    this.signal = AbortSignal.any([signal, this.#stuck.signal]);
    gateway.onEvent((event) => this.#hear(event));
    this.#await();
  }

  /** Throws what kept the hub away. */
  async publishAll(
    texts: Iterable<string> | AsyncIterable<string>,
    defaultsNow: () => Defaults,
  ): Promise<void> {
    const showing: Promise<void>[] = [];
    let last = Promise.resolve();
    for await (const text of texts) {
      if (this.signal.aborted) break;
      if (text.trim() === "") continue;
      last = this.#showAfter(last, this.#publish(text, defaultsNow()));
      last.catch(() => undefined); // it is awaited below, and may fail before
      showing.push(last);
      if (showing.length > inFlightMax) await showing.shift();
    }
    await Promise.all(showing);
    clearTimeout(this.#timer);
    this.#stuck.signal.throwIfAborted();
  }

  async awaitLateRejections(): Promise<void> {
    if (this.signal.aborted) return;
    await delay(lateRejectionsMs, undefined, { signal: this.signal });
    for (const rejection of this.#rejections) {
      if (!this.#told.has(nameOf(rejection))) await this.#show(rejectedLater(rejection));
    }
  }

  throwIfAnyFailed(): void {
    if (this.#failed === 0) return;
    const count =
      this.#published === 1 ? "The reading" : `${this.#failed} of ${this.#published} readings`;
    throw new CommandFailed(`${count} ${this.#failed === 1 ? "was" : "were"} not taken.`);
  }

  async #publish(text: string, defaults: Defaults): Promise<Publication> {
    const index = this.#published++;
    const reading = readLine(text, defaults);
    if (reading instanceof LineRefusal) return refused(index, reading);
    const delivery = await this.#gateway.publish(reading);
    if (delivery.status === "rejected") this.#told.add(nameOf(delivery.rejection));
    const publication = delivered(index, reading, delivery);
    const isLost = delivery.status === "spooled" && !this.#options.isKept;
    return isLost ? { ...publication, status: "unsent" } : publication;
  }

  async #showAfter(before: Promise<void>, publication: Promise<Publication>): Promise<void> {
    const shown = await publication;
    await before;
    await this.#show(shown);
  }

  async #show(publication: Publication): Promise<void> {
    if (!takenStatuses.has(publication.status)) this.#failed += 1;
    await this.#output.done(publicationText(publication), publication);
  }

  #hear(event: GatewayEvent): void {
    switch (event.kind) {
      case "connected":
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#saidError = undefined;
        break;
      case "lost":
      case "delayed":
        this.#lastError = event.error;
        if (event.error.message !== this.#saidError) {
          this.#say(`${event.error.message} It is tried again.`);
        }
        this.#saidError = event.error.message;
        this.#await();
        break;
      case "rejected":
        this.#rejections.push(event);
        break;
      case "clock":
        this.#say(`The clock is ${Math.round(event.aheadMs / 1_000)} s ahead of the hub's.`);
        break;
      case "dropped":
      case "failed":
        break; // the reading's own line says it
    }
  }

  /** For the hub to be there, from now on. */
  #await(): void {
    this.#timer ??= setTimeout(() => {
      this.#stuck.abort(this.#lastError);
      void this.#gateway.close();
    }, this.#options.waitMs);
  }
}

const takenStatuses: ReadonlySet<Publication["status"]> = new Set([
  ...(["stored", "duplicate", "acknowledged", "spooled"] as const),
]);

function nameOf({ reading: { hardware_id, der, timestamp } }: Rejection): string {
  return JSON.stringify([hardware_id, der, timestamp]);
}
