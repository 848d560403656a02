import { randomUUID } from "node:crypto";
import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { NovacoreError } from "@novacore/protocol";

/** Answers a request that wanted no upgrade, in the shape of every other error of the hub. */
export function answerRefusal(response: ServerResponse, error: NovacoreError): void {
  const { headers, body } = refusal(error);
  response.writeHead(error.status, headers).end(body);
}

/** Answers an upgrade, of which nothing is left but its socket, and closes that. */
export function refuseUpgrade(socket: Duplex, error: NovacoreError): void {
  const { headers, body } = refusal(error);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const status = `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? "Refused"}`;
  socket.on("error", () => undefined); // the client may be gone already
  socket.end([status, ...lines, "", body].join("\r\n"), () => socket.destroy());
}

function refusal(error: NovacoreError): { headers: Record<string, string>; body: string } {
  const requestId = randomUUID();
  const body = JSON.stringify({ error: error.code, message: error.message, request_id: requestId });
  const { status } = error;
  return {
    body,
    headers: {
      "Content-Type": "application/json; charset=utf-8",
      "Content-Length": `${Buffer.byteLength(body)}`,
      "X-Request-Id": requestId,
      "X-Content-Type-Options": "nosniff",
      ...((status === 429 || status === 503) && { "Retry-After": "1" }),
      // RFC 9110, section 15.5.22: a 426 names the protocol to come back with.
      ...(status === 426
        ? { Upgrade: "websocket", Connection: "Upgrade, close" }
        : { Connection: "close" }),
    },
  };
}
