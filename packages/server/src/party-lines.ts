/**
 * Those who wait, a line for each party, which take turns: one that waits with a thousand gets no more
 * than one with a single. Within a party the order is the one in which they came. How many may wait is
 * the caller's to bound.
 */
export class PartyLines<T> {
  /** The party whose turn is next stands first. */
  readonly #lines = new Map<string, T[]>();

  lengthOf(party: string): number {
    return this.#lines.get(party)?.length ?? 0;
  }

  join(party: string, who: T): void {
    const line = this.#lines.get(party);
    if (line === undefined) this.#lines.set(party, [who]);
    else line.push(who);
  }

  /** Gives up a place in the line, which the next one has from now on. */
  leave(party: string, who: T): void {
    const line = this.#lines.get(party) ?? [];
    const left = line.filter((each) => each !== who);
    if (left.length > 0) this.#lines.set(party, left);
    else this.#lines.delete(party);
  }

  /** The first of the party whose turn it is, of those that may; it goes behind the others. */
  takeNext(mayGo: (party: string) => boolean = () => true): T | undefined {
    for (const [party, line] of this.#lines) {
      if (!mayGo(party)) continue;
      const next = line.shift();
      this.#lines.delete(party);
      if (line.length > 0) this.#lines.set(party, line);
      return next;
    }
    return undefined;
  }
}
