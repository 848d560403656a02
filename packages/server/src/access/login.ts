import type { ErrorCode } from "@novacore/protocol";

/** A connection that asks nats-server to be let in, as the auth callout hands it on. */
export interface LoginAttempt {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  /** Public nkey (`U…`) whose signature over the server's nonce the callout has verified. */
  readonly nkey: string | undefined;
  readonly transport: "nats" | "mqtt" | "websocket";
}

export type LoginOutcome =
  | {
      readonly accepted: true;
      readonly identityId: string;
      readonly identityType: "gateway" | "device";
    }
  /** `reason` is for the log; the client learns nothing but that it was refused. */
  | { readonly accepted: false; readonly code: ErrorCode; readonly reason: string };
