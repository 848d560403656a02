import { type ErrorCode, namePattern } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { BackEnd } from "../nats/permissions.ts";
import type { AuthorizationRequest } from "./nats-jwt.ts";

/** What is needed of a log; pino's has it. */
export interface RefusalLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * One line for each refused login and each of a back end, up to `loginRefusalsLoggedPerSecond` of
 * either; the rest is counted in the next line. Each has its own measure, so that nobody hides who
 * came in behind a storm of wrong passwords. No credential is written, and a user name only if it can
 * be one: people paste tokens into the wrong field.
 */
export class RefusalLog {
  readonly #log: RefusalLogger;
  readonly #refusals = new LineMeasure();
  readonly #admissions = new LineMeasure();

  constructor(log: RefusalLogger) {
    this.#log = log;
  }

  write(
    request: AuthorizationRequest,
    { code, reason }: { code: ErrorCode; reason: string },
  ): void {
    if (!this.#refusals.take()) return;
    const { username, transport, host } = request;
    const user = username !== undefined && namePattern.test(username) ? username : undefined;
    const omitted = this.#refusals.takeOmitted();
    const fields = {
      event: "login_refused",
      user,
      transport,
      remote: host,
      code,
      reason,
      ...omitted,
    };
    this.#log.warn(fields, "login refused");
  }

  /** A back end was let in: whose data it sees is on record. */
  admit({ transport, host }: AuthorizationRequest, { identityId, orgId, siteIds }: BackEnd): void {
    if (!this.#admissions.take()) return;
    const omitted = this.#admissions.takeOmitted();
    const fields = { identityId, orgId, siteIds, transport, remote: host, ...omitted };
    this.#log.info({ event: "back_end_login", ...fields }, "a back end logged in");
  }

  /** A question that could not be read at all. */
  fail(cause: unknown): void {
    if (!this.#refusals.take()) return;
    const reason = cause instanceof Error ? cause.message : "unknown";
    const omitted = this.#refusals.takeOmitted();
    this.#log.error({ event: "callout_failed", reason, ...omitted }, "callout failed");
  }
}

/** Lines of one second. */
class LineMeasure {
  #second = 0;
  #lines = 0;
  #omitted = 0;

  /** Whether one more may be written; counts it as omitted if not. */
  take(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines <= limits.loginRefusalsLoggedPerSecond) return true;
    this.#omitted += 1;
    return false;
  }

  takeOmitted(): { omitted?: number } {
    const omitted = this.#omitted;
    this.#omitted = 0;
    return omitted > 0 ? { omitted } : {};
  }
}
