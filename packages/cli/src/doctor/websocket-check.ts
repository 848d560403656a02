import { type Finding, failure, ok } from "./finding.ts";

const openMs = 5_000;

/** Whether a WebSocket gets through: proxies have to be told to pass an upgrade on. */
export async function checkWebSocket(url: URL): Promise<Finding> {
  const check = "WebSocket";
  const address = new URL("ws", url.href.replace(/^http/, "ws").replace(/\/*$/, "/"));
  const startedMs = performance.now();
  const outcome = await open(address);
  if (outcome === "open") {
    return ok(check, `${address.href} opens in ${Math.round(performance.now() - startedMs)} ms`);
  }
  const said = outcome === "late" ? `does not open in ${openMs / 1_000} s` : "is refused";
  return failure(
    check,
    `${address.href} ${said}`,
    'pass upgrades on (nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade")',
  );
}

function open(address: URL): Promise<"open" | "refused" | "late"> {
  return new Promise((resolve) => {
    const socket = new WebSocket(address, "novacore.v1");
    const end = (outcome: "open" | "refused" | "late") => {
      clearTimeout(timer);
      socket.close();
      resolve(outcome);
    };
    const timer = setTimeout(end, openMs, "late" as const);
    socket.addEventListener("open", () => end("open"));
    socket.addEventListener("error", () => end("refused"));
  });
}
