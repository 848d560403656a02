/** First in, first out, without the cost of shifting an array: what is taken is cut off in bulk. */
export class PublishQueue<T> {
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes up to `count` items, as long as `fits` says so; at least one when there is any. */
  take(count: number, fits: (item: T) => boolean = () => true): T[] {
    const end = Math.min(this.#items.length, this.#head + count);
    const taken: T[] = [];
    for (let i = this.#head; i < end; i++) {
      const item = this.#items[i];
      if (item === undefined || (taken.length > 0 && !fits(item))) break;
      taken.push(item);
    }
    this.#head += taken.length;
    if (this.#head > compactAfter || this.#head === this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }
}

const compactAfter = 4_096;
