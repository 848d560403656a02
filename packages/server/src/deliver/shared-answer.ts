/**
 * A question that many ask at once. Everybody gets an answer to a question that was put after theirs:
 * those who come while one is on its way share the next.
 */
export class SharedAnswer<T> {
  readonly #put: () => Promise<T>;
  #underWay: Promise<unknown> = Promise.resolve();
  #next: Promise<T> | undefined;

  constructor(put: () => Promise<T>) {
    this.#put = put;
  }

  ask(): Promise<T> {
    this.#next ??= this.#underWay.then(() => {
      this.#next = undefined;
      const answer = this.#put();
      this.#underWay = answer.catch(() => undefined);
      return answer;
    });
    return this.#next;
  }
}
