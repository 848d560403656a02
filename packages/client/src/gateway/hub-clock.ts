import { hubUrl } from "../transport.ts";

/** The hub's time, as far as this machine's clock is not right by itself. */
export class HubClock {
  readonly #baseUrl: string;
  #aheadMs = 0;

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
  }

  /** How far this machine's clock is ahead of the hub's, by the last look; 0 when it is about right. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** Epoch ms. */
  now(): number {
    return Date.now() - this.#aheadMs;
  }

  /** Reads the time off the header of an answer; what is not to be had leaves all as it was. */
  async look(signal: AbortSignal): Promise<void> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(lookMs)]);
    const response = await fetch(hubUrl(this.#baseUrl, "healthz"), { signal: limit }).catch(
      () => undefined,
    );
    const dateMs = Date.parse(response?.headers.get("date") ?? "");
    await response?.body?.cancel();
    if (Number.isNaN(dateMs)) return;
    const aheadMs = Date.now() - dateMs;
    this.#aheadMs = Math.abs(aheadMs) < toleranceMs ? 0 : aheadMs;
  }
}

const lookMs = 10_000;
/** Half of what the hub forgives at logins: the header has whole seconds, and answers take time. */
const toleranceMs = 30_000;
