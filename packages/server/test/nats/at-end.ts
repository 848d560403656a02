import type { TestContext } from "node:test";

const ends = new WeakMap<TestContext, AsyncDisposableStack>();

/**
 * Has something done when a test is over, the last thing first and each whatever became of the
 * others. `t.after` goes the other way and stops at the first that throws: it would remove a server's
 * folder while that writes to it, and, where that fails, leave the server running and the test's
 * process with it.
 */
export function atEnd(t: TestContext, end: () => unknown): void {
  let stack = ends.get(t);
  if (stack === undefined) {
    const made = new AsyncDisposableStack();
    ends.set(t, made);
    t.after(() => made.disposeAsync());
    stack = made;
  }
  stack.defer(async () => {
    await end();
  });
}
