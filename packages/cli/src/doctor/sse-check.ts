import { answerWithin } from "../answer-within.ts";
import { type Finding, failure, ok, skipped, warning } from "./finding.ts";
import type { StreamToOpen } from "./login-check.ts";

/** The hub's first bytes come at once; a proxy that gathers holds them until it has enough. */
const firstBytesMs = 5_000;

const buffered =
  "switch buffering off for /stream in the proxy (nginx: proxy_buffering off; proxy_cache off)";

/** Whether something between the hub and here holds events back: buffers, or packs them. */
export async function checkSse(
  url: URL,
  stream: StreamToOpen | undefined,
  signal: AbortSignal,
): Promise<Finding> {
  const check = "Server-Sent Events";
  if (stream === undefined) return skipped(check, "it takes a login with an organization");
  const { nova, orgId } = stream;
  const { ticket } = await answerWithin(signal, (within) =>
    nova.createTicket({ org_id: orgId }, { signal: within }),
  );
  const address = new URL(`stream/orgs/${orgId}`, url.href.replace(/\/*$/, "/"));
  address.searchParams.set("ticket", ticket);
  const late = AbortSignal.timeout(firstBytesMs);
  const startedMs = performance.now();
  const ending = AbortSignal.any([signal, late]);
  try {
    const response = await fetch(address, {
      headers: { accept: "text/event-stream", "accept-encoding": "gzip, br" },
      signal: ending,
    });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      return failure(check, `answered ${response.status}`, "let the proxy pass /stream through");
    }
    const reader = response.body.getReader();
    await reader.read();
    const tookMs = Math.round(performance.now() - startedMs);
    await reader.cancel();
    const encoding = response.headers.get("content-encoding");
    if (encoding === null) return ok(check, `the first bytes came in ${tookMs} ms`);
    const fix = "leave text/event-stream out of the proxy's compression";
    return warning(
      check,
      `the stream comes compressed (${encoding}), which holds events back`,
      fix,
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!late.aborted) throw error;
    return failure(check, `nothing came in ${firstBytesMs / 1_000} s: a proxy buffers`, buffered);
  }
}
