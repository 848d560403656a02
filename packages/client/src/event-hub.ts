/** Hands events to whoever listens, by call or by iterable. */
export class EventHub<E> {
  readonly #listeners = new Set<(event: E) => void>();
  readonly #onClose = new Set<() => void>();
  #isClosed = false;

  on(listener: (event: E) => void): () => void {
    // A function of its own, so that one that is given twice is called twice and ended once.
    const own = (event: E) => listener(event);
    if (!this.#isClosed) this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  tell(event: E): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        // The listener's own fault: reported as any, and no reason for a stream to fail.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Listens from now on, not from the first `next`; ends when the hub is closed. */
  iterate(): AsyncIterableIterator<E, undefined> {
    const kept: E[] = [];
    let wake: (() => void) | undefined;
    const stopListening = this.on((event) => {
      kept.push(event);
      if (kept.length > keptMax) kept.shift();
      wake?.();
    });
    let isOver = this.#isClosed;
    const stop = () => {
      isOver = true;
      stopListening();
      this.#onClose.delete(stop);
      wake?.();
    };
    if (!isOver) this.#onClose.add(stop);
    return {
      async next(): Promise<IteratorResult<E, undefined>> {
        while (kept.length === 0 && !isOver) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        for (const value of kept.splice(0, 1)) return { done: false, value };
        return { done: true, value: undefined };
      },
      async return(): Promise<IteratorResult<E, undefined>> {
        kept.length = 0;
        stop();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
    for (const stop of [...this.#onClose]) stop();
  }
}

/** Events that wait for a reader; the oldest give way. */
const keptMax = 256;
