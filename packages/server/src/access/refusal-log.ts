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
 * One line for each refused login and each of a back end, up to `loginRefusalsLoggedPerSecond`; the rest is counted in the
 * next line. No credential is written, and a user name only if it can be one: people paste tokens
 * into the wrong field.
 */
export class RefusalLog {
  readonly #log: RefusalLogger;
  #second = 0;
  #lines = 0;
  #omitted = 0;

  constructor(log: RefusalLogger) {
    this.#log = log;
  }

  write(
    request: AuthorizationRequest,
    { code, reason }: { code: ErrorCode; reason: string },
  ): void {
    if (!this.#mayWrite()) return;
    const { username, transport, host } = request;
    const user = username !== undefined && namePattern.test(username) ? username : undefined;
    const omitted = this.#takeOmitted();
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
    if (!this.#mayWrite()) return;
    const fields = { identityId, orgId, siteIds, transport, remote: host, ...this.#takeOmitted() };
    this.#log.info({ event: "back_end_login", ...fields }, "a back end logged in");
  }

  /** A question that could not be read at all. */
  fail(cause: unknown): void {
    if (!this.#mayWrite()) return;
    const reason = cause instanceof Error ? cause.message : "unknown";
    this.#log.error({ event: "callout_failed", reason, ...this.#takeOmitted() }, "callout failed");
  }

  #mayWrite(): boolean {
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

  #takeOmitted(): { omitted?: number } {
    const omitted = this.#omitted;
    this.#omitted = 0;
    return omitted > 0 ? { omitted } : {};
  }
}
