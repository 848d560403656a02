import { type PrivateKey, signChallenge } from "./key-login.ts";
import type { Identity, IdentityWithKeys, NewIdentity, PublicKey } from "./openapi.ts";
import type { CallOptions, Rest } from "./rest.ts";

/** The caller. */
export interface IdentityResource {
  get(options?: CallOptions): Promise<IdentityWithKeys>;
  /** Needs no token where the hub lets everybody register; a key that is known is no error. */
  register(identity: NewIdentity, options?: CallOptions): Promise<Identity>;
  /** One more key to log in with; it signs a challenge to prove that it is the caller's. */
  addKey(key: PrivateKey, options?: CallOptions): Promise<PublicKey>;
  /** `publicKey` in hex, as `get` tells it. */
  removeKey(publicKey: string, options?: CallOptions): Promise<void>;
  /** Keeps the token in a cookie, which opens streams of a page on the hub's own origin. */
  openSession(options?: CallOptions): Promise<void>;
  closeSession(options?: CallOptions): Promise<void>;
}

export function identityResource(rest: Rest): IdentityResource {
  return {
    get: (options) => rest.request("GET", "identity", options),
    register: (body, options) => rest.request("POST", "identity/register", { ...options, body }),
    async addKey(key, options) {
      const body = await signChallenge(rest, key, options);
      return rest.request("POST", "identity/keys", { ...options, body });
    },
    removeKey: (publicKey, options) =>
      rest.request("DELETE", `identity/keys/${encodeURIComponent(publicKey)}`, options),
    openSession: (options) => rest.request("POST", "auth/session", options),
    closeSession: (options) => rest.request("DELETE", "auth/session", options),
  };
}
