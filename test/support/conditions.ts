/**
 * Waiting for something to become true: re-checked at every change, never by the clock. A test that
 * waits for what never comes ends by its own time-out, naming what it waited for.
 */
export type Condition = <T>(what: string, found: () => T | undefined | false) => Promise<T>;

export interface Conditions {
  readonly until: Condition;
  /** Something changed: look again. */
  changed(): void;
  /** Nothing will change any more. */
  fail(error: Error): void;
}

/**
 * How long a condition may take before the test says which one it was; longer where a machine has
 * other work to do.
 */
const conditionMs = Number(process.env.NOVACORE_TEST_CONDITION_MS ?? 60_000);

export function createConditions(): Conditions {
  const waiting = new Set<{ check(): void; fail(error: Error): void }>();
  let failed: Error | undefined;
  return {
    until(what, found) {
      const now = found();
      if (now !== undefined && now !== false) return Promise.resolve(now);
      if (failed !== undefined) return Promise.reject(new Error(`${what}: ${failed.message}`));
      return new Promise((resolve, reject) => {
        const entry = {
          check() {
            const value = found();
            if (value === undefined || value === false) return;
            finish();
            resolve(value);
          },
          fail(error: Error) {
            finish();
            reject(new Error(`${what}: ${error.message}`));
          },
        };
        const timer = setTimeout(() => entry.fail(new Error("did not happen")), conditionMs);
        const finish = () => {
          clearTimeout(timer);
          waiting.delete(entry);
        };
        waiting.add(entry);
      });
    },
    changed() {
      for (const entry of [...waiting]) entry.check();
    },
    fail(error) {
      failed = error;
      for (const entry of [...waiting]) entry.fail(error);
    },
  };
}
