/** Something to be done at a time; the wheel calls it once. */
export interface Timed {
  onTime(nowMs: number): void;
}

/**
 * One timer for all listeners of a hub. A Node timer per listener costs 200 bytes and a place in a
 * list; an entry here costs a slot in a set, and a hundred thousand are one timer.
 */
export class Wheel {
  readonly #slots = new Map<number, Set<Timed>>();
  readonly #slotOf = new Map<Timed, number>();
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout | undefined;
  #done: number;

  /** `tick` runs by itself every `wheelTickMs`, unless a test drives it. */
  constructor(now: () => number, options: { runs: boolean } = { runs: true }) {
    this.#now = now;
    this.#done = slotAt(now());
    if (options.runs) this.#timer = setInterval(() => this.tick(), wheelTickMs);
  }

  /** Entries waiting, for leak tests. */
  get size(): number {
    return this.#slotOf.size;
  }

  /** Calls `timed` at a time, up to one tick late; an entry has one time, the last one given. */
  at(timeMs: number, timed: Timed): void {
    this.cancel(timed);
    const slot = Math.max(slotAt(timeMs) + 1, this.#done + 1);
    const entries = this.#slots.get(slot);
    if (entries === undefined) this.#slots.set(slot, new Set([timed]));
    else entries.add(timed);
    this.#slotOf.set(timed, slot);
  }

  cancel(timed: Timed): void {
    const slot = this.#slotOf.get(timed);
    if (slot === undefined) return;
    this.#slotOf.delete(timed);
    const entries = this.#slots.get(slot);
    entries?.delete(timed);
    if (entries?.size === 0) this.#slots.delete(slot);
  }

  /** Runs what is due. */
  tick(): void {
    const nowMs = this.#now();
    const until = slotAt(nowMs);
    const due = this.#dueSlots(until);
    this.#done = until;
    for (const slot of due) {
      const entries = this.#slots.get(slot);
      this.#slots.delete(slot);
      for (const timed of entries ?? []) {
        if (this.#slotOf.get(timed) !== slot) continue;
        this.#slotOf.delete(timed);
        timed.onTime(nowMs);
      }
    }
  }

  #dueSlots(until: number): number[] {
    const count = until - this.#done;
    if (count <= this.#slots.size) {
      return Array.from({ length: Math.max(count, 0) }, (_, i) => this.#done + 1 + i);
    }
    // After a long pause of the machine most slots in between are empty: look at those in use.
    return [...this.#slots.keys()].filter((slot) => slot <= until).sort((a, b) => a - b);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#slots.clear();
    this.#slotOf.clear();
  }
}

/** Fine enough for the shortest interval a listener may ask for. */
const wheelTickMs = 50;

function slotAt(timeMs: number): number {
  return Math.floor(timeMs / wheelTickMs);
}
