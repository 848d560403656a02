import type { IncomingMessage } from "node:http";
import proxyAddr from "@fastify/proxy-addr";

/** Says where a request comes from: the peer, or what trusted proxies tell in X-Forwarded-For. */
export function createAddressOf(
  trustProxy: readonly string[],
): (request: IncomingMessage) => string {
  if (trustProxy.length === 0) return ({ socket }) => socket.remoteAddress ?? "";
  const isTrusted = proxyAddr.compile([...trustProxy]);
  return (request) => proxyAddr(request, isTrusted);
}
