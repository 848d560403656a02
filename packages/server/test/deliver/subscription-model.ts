import assert from "node:assert/strict";
import { decodeCursor } from "@novacore/protocol";
import type { Frame, WsClient } from "./ws-client.ts";

/** A reading as the stream has it. */
export interface Published {
  readonly number: number;
  readonly sequence: number;
  readonly site: string;
  readonly der: string;
}

/** What a subscription is about, and how it is written. */
export interface Wish {
  readonly sites: readonly string[] | "org";
  readonly members: object;
}

/**
 * One subscription from its `subscribed` frame to its end, and what it must have received by then.
 * A reading must come when its site was granted from the time it was stored (or from the start of
 * the subscription, if that was later) to the end; it may come when it was granted in between; it
 * must not when the site is not granted while it is sent.
 */
export class Segment {
  readonly wish: Wish;
  readonly #id: string;
  readonly #client: WsClient;
  readonly #fromFrame: number;
  readonly #start: number;
  /** Site → readings of it after this sequence must come. */
  readonly #requiredAfter: Map<string, number>;

  constructor(id: string, wish: Wish, client: WsClient, granted: ReadonlySet<string>) {
    this.#id = id;
    this.wish = wish;
    this.#client = client;
    this.#fromFrame = client.frames.findLastIndex(
      (frame) => frame.id === id && frame.op === "subscribed",
    );
    this.#start = sequenceOf(client.frames[this.#fromFrame]?.cursor);
    const sites = wish.sites === "org" ? [...granted] : wish.sites;
    this.#requiredAfter = new Map(sites.map((site) => [site, this.#start]));
  }

  /**
   * What is granted has changed, after everything up to `head` was stored, by one way or another: the
   * sights that there were in between, and at last the one that holds. Tells whether it must end, as
   * no site is left, or may have ended in between.
   */
  regrant(sights: readonly ReadonlySet<string>[], head: number): "goes on" | "ends" | "either" {
    const { sites } = this.wish;
    const last = sights.at(-1) ?? new Set();
    const ends = sights.map((sight) => sites !== "org" && !sites.some((site) => sight.has(site)));
    // Also when it ends: what was still on its way is nothing that this client may see any more.
    for (const site of this.#requiredAfter.keys()) {
      if (!sights.every((sight) => sight.has(site))) this.#requiredAfter.delete(site);
    }
    if (ends.at(-1) === true) return "ends";
    for (const site of last) {
      if (this.#isAbout(site) && !this.#requiredAfter.has(site)) {
        this.#requiredAfter.set(site, head);
      }
    }
    return ends.includes(true) ? "either" : "goes on";
  }

  get frames(): readonly Frame[] {
    return this.#client.frames.slice(this.#fromFrame).filter((frame) => frame.id === this.#id);
  }

  /** The last position that the client was told. */
  get cursor(): string {
    return String(this.frames.findLast(({ cursor }) => cursor !== undefined)?.cursor);
  }

  /** Readings that are still to come. */
  missing(published: readonly Published[]): readonly Published[] {
    const numbers = new Set(this.frames.flatMap(numbersIn));
    return this.#required(published, Number.POSITIVE_INFINITY).filter(
      ({ number }) => !numbers.has(number),
    );
  }

  /** All up to the last cursor came, once, in order per DER, and nothing that was not asked for. */
  check(published: readonly Published[]): void {
    const known = new Map(published.map((reading) => [reading.number, reading]));
    const seen = new Set<number>();
    const lastOfDer = new Map<string, number>();
    let reached = this.#start;
    for (const frame of this.frames) {
      assert.notEqual(frame.op, "reset");
      for (const number of numbersIn(frame)) {
        const reading = known.get(number);
        assert.ok(reading !== undefined, `${number} is not of this run`);
        const { sequence, site, der } = reading;
        assert.ok(this.#isAbout(site), `${number} is of ${site}, which was not asked for`);
        assert.ok(sequence > this.#start, `${number} came though the cursor was beyond it`);
        assert.ok(!seen.has(number), `${number} came twice`);
        assert.ok(sequence > (lastOfDer.get(der) ?? 0), `${number} of ${der} came out of order`);
        assert.ok(sequence <= sequenceOf(frame.cursor), `${number} came before its cursor`);
        seen.add(number);
        lastOfDer.set(der, sequence);
      }
      if (frame.cursor === undefined) continue;
      assert.ok(
        sequenceOf(frame.cursor) >= reached,
        `a cursor ran backwards to ${sequenceOf(frame.cursor)} in ${JSON.stringify(this.frames)}`,
      );
      reached = sequenceOf(frame.cursor);
    }
    const lost = this.#required(published, reached).filter(({ number }) => !seen.has(number));
    assert.deepEqual(lost, [], `lost before the cursor of ${this.#id}`);
  }

  #isAbout(site: string): boolean {
    return this.wish.sites === "org" || this.wish.sites.includes(site);
  }

  #required(published: readonly Published[], upTo: number): readonly Published[] {
    return published.filter(({ site, sequence }) => {
      const after = this.#requiredAfter.get(site);
      return after !== undefined && sequence > after && sequence <= upTo;
    });
  }
}

/** Since which frame of a connection which sites may be in it. */
export class SightLog {
  readonly #entries: { readonly fromFrame: number; readonly granted: ReadonlySet<string> }[] = [];

  note(fromFrame: number, granted: ReadonlySet<string>): void {
    this.#entries.push({ fromFrame, granted });
  }

  /** No reading came of a site that was not granted by then. */
  check(frames: readonly Frame[], published: readonly Published[]): void {
    const siteOf = new Map(published.map(({ number, site }) => [number, site]));
    for (const [index, frame] of frames.entries()) {
      const granted = this.#entries.findLast(({ fromFrame }) => fromFrame <= index)?.granted;
      for (const number of numbersIn(frame)) {
        const site = siteOf.get(number) ?? "";
        assert.ok(granted?.has(site), `${number} of ${site} came though that is not granted`);
      }
    }
  }
}

/** `W` of the readings in a frame. */
export function numbersIn({ reading, readings }: Frame): number[] {
  const list: unknown[] = Array.isArray(readings) ? readings : [reading];
  return list.flatMap((each) =>
    typeof each === "object" && each !== null && "W" in each ? [Number(each.W)] : [],
  );
}

function sequenceOf(cursor: unknown): number {
  return decodeCursor(String(cursor))?.sequence ?? Number.NaN;
}
