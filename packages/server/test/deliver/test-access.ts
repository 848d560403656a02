import { type ErrorCode, NovacoreError } from "@novacore/protocol";
import type {
  Credential,
  GrantsChange,
  ListenRequest,
  StreamAccess,
  StreamCaller,
} from "../../src/deliver/stream-access.ts";

/** A caller of the tests: `Authorization: Bearer {identityId}`. */
export class TestAccess implements StreamAccess {
  /** org → sites. */
  readonly orgs = new Map<string, Set<string>>();
  expiresAt = Number.MAX_SAFE_INTEGER;
  readonly revokedListeners = new Set<(identityId: string, why: ErrorCode) => void>();
  readonly grantsListeners = new Set<(change: GrantsChange) => void>();
  readonly tickets = new Map<
    string,
    { readonly identityId: string; readonly sites: readonly string[] }
  >();
  /** What the answers about an organization wait for. */
  held: Promise<void> = Promise.resolve();
  /** Device or DER → site. */
  readonly siteOf = new Map<string, string>();

  async authenticate(request: ListenRequest): Promise<StreamCaller | undefined> {
    const query = new URL(request.url ?? "", "http://hub").searchParams;
    const ticket = query.get("ticket");
    if (ticket !== null) return this.authenticateBy({ ticket });
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    return token === undefined ? undefined : this.authenticateBy({ token });
  }

  /** The token is the identity, and may say after an `@` when it ends. */
  async authenticateBy({ token, ticket }: Credential): Promise<StreamCaller> {
    const { expiresAt } = this;
    if (ticket !== undefined) {
      const known = this.tickets.get(ticket);
      if (known === undefined) throw new NovacoreError("ticket_invalid");
      return { ...known, expiresAt };
    }
    const [identityId = "", until] = (token ?? "").split("@");
    if (identityId === "nobody") throw new NovacoreError("unauthenticated");
    return { identityId, expiresAt: until === undefined ? expiresAt : Number(until) };
  }

  authorizeDevice(caller: StreamCaller, deviceId: string) {
    return this.authorizeSite(caller, this.siteOf.get(deviceId) ?? "");
  }

  authorizeDer(caller: StreamCaller, derId: string) {
    return this.authorizeSite(caller, this.siteOf.get(derId) ?? "");
  }

  async authorizeSite(caller: StreamCaller, siteId: string) {
    for (const [orgId, sites] of this.orgs) {
      if (!sites.has(siteId)) continue;
      if (caller.sites?.includes(siteId) === false) throw new NovacoreError("ticket_invalid");
      return { orgId, siteId };
    }
    throw new NovacoreError("not_found");
  }

  async authorizeOrg(caller: StreamCaller, orgId: string) {
    const sites = this.orgs.get(orgId);
    if (sites === undefined) throw new NovacoreError("not_found");
    await this.held;
    const seen = [...sites].filter((siteId) => caller.sites?.includes(siteId) !== false);
    return seen.map((siteId) => ({ orgId, siteId }));
  }

  onRevoked(listener: (identityId: string, why: ErrorCode) => void) {
    this.revokedListeners.add(listener);
    return () => this.revokedListeners.delete(listener);
  }

  onGrantsChanged(listener: (change: GrantsChange) => void) {
    this.grantsListeners.add(listener);
    return () => this.grantsListeners.delete(listener);
  }

  async issueTicket({ identityId }: Pick<StreamCaller, "identityId">, sites: readonly string[]) {
    const ticket = `ticket-${this.tickets.size + 1}`;
    this.tickets.set(ticket, { identityId, sites });
    return { ticket, expires_at: new Date(1e12).toISOString() };
  }

  revoke(identityId: string): void {
    for (const listener of this.revokedListeners) listener(identityId, "identity_revoked");
  }

  grantsChanged(): void {
    for (const listener of this.grantsListeners) listener({ kind: "unknown" });
  }
}
