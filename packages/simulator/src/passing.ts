import { setTimeout as delay } from "node:timers/promises";

/** First and longest pause between two attempts; each is as random as its half. */
const pauseMs = { first: 250, longest: 5_000 };

/**
 * Attempts it until it succeeds. Throws what is not passing, which the same attempt would meet
 * again, and the signal's reason.
 */
export async function untilPassed<T>(
  attempt: () => Promise<T>,
  isPassing: (error: unknown) => boolean,
  signal: AbortSignal,
): Promise<T> {
  for (let ms = pauseMs.first; ; ms = Math.min(2 * ms, pauseMs.longest)) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
    }
    await delay((ms * (1 + Math.random())) / 2, undefined, { signal });
  }
}
