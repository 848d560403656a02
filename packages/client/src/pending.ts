/**
 * What has arrived and was not handed over, in the order of arrival, which is that of cursors. What
 * holds once everything before it is handed over (a cursor, a notice) waits here with it.
 */
export class Pending {
  readonly #items: Handed[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(): Handed {
    const item: Handed = { isDone: false, calls: [] };
    this.#items.push(item);
    return item;
  }

  /** Calls when all that has arrived so far is handed over, at once if it is. */
  whenHanded(call: () => void): void {
    const last = this.#items.at(-1);
    if (last === undefined) call();
    else last.calls.push(call);
  }

  /** Handed over; with reordering, perhaps before what arrived earlier. */
  hand(item: Handed): void {
    item.isDone = true;
    while (this.#items[0]?.isDone === true) {
      for (const call of this.#items.shift()?.calls ?? []) call();
    }
  }
}

export interface Handed {
  isDone: boolean;
  readonly calls: (() => void)[];
}
