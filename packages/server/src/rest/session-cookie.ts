import type { IncomingHttpHeaders } from "node:http";

/**
 * The session cookie of a browser: a token that scripts of the page cannot read. It opens streams
 * and nothing else, so that no page of another origin can change anything by it.
 */
export const sessionCookieName = "novacore_session";

/** `Set-Cookie` for a token; with `maxAgeS` 0 the browser forgets it. */
export function sessionCookie(token: string, maxAgeS: number, isSecure: boolean): string {
  const secure = isSecure ? "; Secure" : "";
  return `${sessionCookieName}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}${secure}`;
}

export function sessionTokenOf({ cookie }: IncomingHttpHeaders): string | undefined {
  return sessionPattern.exec(cookie ?? "")?.[1];
}

const sessionPattern = new RegExp(`(?:^|;\\s*)${sessionCookieName}=([A-Za-z0-9._~+/-]+=*)(?:;|$)`);

/**
 * Whether a request that brings the cookie comes from our own pages or from an allowed origin. A
 * browser names the origin in every WebSocket handshake and every cross-origin request; without one
 * a plain GET is of the same origin.
 */
export function isAllowedOrigin(
  { origin, host, upgrade }: IncomingHttpHeaders,
  origins: readonly string[],
): boolean {
  if (origin === undefined) return upgrade === undefined;
  if (origins.includes(origin)) return true;
  if (!URL.canParse(origin)) return false;
  // An origin is scheme, host and port, and nothing besides.
  const url = new URL(origin);
  return url.origin === origin && url.host === host;
}
