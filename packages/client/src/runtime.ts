/** Time, chance and the network's return, so that tests can have their own. */
export interface Runtime {
  /** Milliseconds of a clock that is never set: it does not jump when the machine's time does. */
  now(): number;
  /** From 0 to 1. */
  random(): number;
  /** Calls once after so long; gives the function that cancels it. */
  after(milliseconds: number, call: () => void): () => void;
  /** Calls whenever the machine has a network again; gives the function that ends that. */
  onOnline(call: () => void): () => void;
}

export const platformRuntime: Runtime = {
  now: () => performance.now(),
  random: () => Math.random(),
  after(milliseconds, call) {
    const timer = setTimeout(call, Math.min(milliseconds, timerMsMax));
    return () => clearTimeout(timer);
  },
  onOnline(call) {
    // Pages and workers tell it; Node has no such event.
    const target: unknown = globalThis;
    if (!(target instanceof EventTarget)) return () => undefined;
    target.addEventListener("online", call);
    return () => target.removeEventListener("online", call);
  },
};

/** A longer time-out than 2^31 ms would end at once. */
const timerMsMax = 2 ** 31 - 1;
