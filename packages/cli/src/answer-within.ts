import { HubAway } from "./failure.ts";

/** For what a hub answers at once, if it does. */
const answerMs = 10_000;

/** What `ask` gives, whose signal ends with `signal` or when it takes too long; throws HubAway then. */
export async function answerWithin<T>(
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<T>,
  lengthMs = answerMs,
): Promise<T> {
  const late = AbortSignal.timeout(lengthMs);
  try {
    return await ask(AbortSignal.any([signal, late]));
  } catch (error) {
    if (signal.aborted || !late.aborted) throw error;
    throw new HubAway(`The hub did not answer in ${lengthMs / 1_000} s.`, { cause: error });
  }
}
