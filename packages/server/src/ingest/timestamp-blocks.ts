/** Timestamps in a block: a DER at 1 Hz fills one a minute. */
const blockItems = 64;
/** Blocks that are allocated at once: 272 KiB. */
const slabBlocks = 1_024;
/** What is noted of each block, as places in the slab's notes. */
const [nextNote, minuteNote, firstNote, endNote] = [0, 1, 2, 3] as const;
const notesPerBlock = 4;
const none = 0xffff_ffff;
/** Four bytes a timestamp: no two inside the backfill limit are 2^32 ms (49 days) apart. */
const modulus = 2 ** 32;

interface Slab {
  readonly items: Uint32Array;
  readonly notes: Uint32Array;
}

/**
 * Memory for the timestamps of all DERs, in blocks that go from one to the next and are never given
 * back: an array of its own for each DER, grown again and again, left three times as much garbage as
 * it held. 10 000 DERs at 1 Hz for eleven minutes take 30 MB.
 */
export class TimestampBlocks {
  readonly #slabs: Slab[] = [];
  /** Free blocks, linked by their next-notes. */
  #free = none;

  /** Memory taken, used or free. */
  get bytes(): number {
    return this.#slabs.length * slabBlocks * (blockItems + notesPerBlock) * 4;
  }

  /** An empty block for what arrives in a minute. */
  take(minute: number): number {
    if (this.#free === none) this.#addSlab();
    const block = this.#free;
    this.#free = this.#note(block, nextNote);
    this.#write(block, nextNote, none);
    this.#write(block, minuteNote, minute);
    this.#write(block, firstNote, 0);
    this.#write(block, endNote, 0);
    return block;
  }

  give(block: number): void {
    this.#write(block, nextNote, this.#free);
    this.#free = block;
  }

  link(block: number, next: number): void {
    this.#write(block, nextNote, next);
  }

  next(block: number): number | undefined {
    const next = this.#note(block, nextNote);
    return next === none ? undefined : next;
  }

  minute(block: number): number {
    return this.#note(block, minuteNote);
  }

  count(block: number): number {
    return this.#note(block, endNote) - this.#note(block, firstNote);
  }

  hasRoom(block: number, minute: number): boolean {
    return this.minute(block) === minute && this.#note(block, endNote) < blockItems;
  }

  push(block: number, timestampMs: number): void {
    const end = this.#note(block, endNote);
    this.#slab(block).items[(block % slabBlocks) * blockItems + end] = timestampMs % modulus;
    this.#write(block, endNote, end + 1);
  }

  /** Forgets the oldest. */
  shift(block: number): void {
    this.#write(block, firstNote, this.#note(block, firstNote) + 1);
  }

  has(block: number, timestampMs: number): boolean {
    const start = (block % slabBlocks) * blockItems;
    const [first, end] = [this.#note(block, firstNote), this.#note(block, endNote)];
    const wanted = timestampMs % modulus;
    return this.#slab(block)
      .items.subarray(start + first, start + end)
      .includes(wanted);
  }

  #addSlab(): void {
    const start = this.#slabs.length * slabBlocks;
    this.#slabs.push({
      items: new Uint32Array(slabBlocks * blockItems),
      notes: new Uint32Array(slabBlocks * notesPerBlock),
    });
    for (let block = start + slabBlocks - 1; block >= start; block--) this.give(block);
  }

  #slab(block: number): Slab {
    const slab = this.#slabs[Math.floor(block / slabBlocks)];
    if (slab === undefined) throw new RangeError(`there is no block ${block}`);
    return slab;
  }

  #note(block: number, note: number): number {
    return this.#slab(block).notes[(block % slabBlocks) * notesPerBlock + note] ?? none;
  }

  #write(block: number, note: number, value: number): void {
    this.#slab(block).notes[(block % slabBlocks) * notesPerBlock + note] = value;
  }
}
