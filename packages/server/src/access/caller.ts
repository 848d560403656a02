import type { IdentityType } from "../registry/identities.ts";

/** Who makes a request: an identity that has proved itself by a token, or a stream ticket. */
export interface Caller {
  readonly identityId: string;
  readonly identityType: IdentityType;
  /** Names the token in logs without giving it away. */
  readonly tokenId: string;
  /** When the token ends, epoch milliseconds. */
  readonly expiresAt: number;
  /** Only for stream tickets: read-only, these sites and no others. */
  readonly sites?: readonly string[];
}
