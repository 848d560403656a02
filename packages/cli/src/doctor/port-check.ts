import { connect } from "node:net";
import { Novacore } from "@novacore/client";
import { answerWithin } from "../answer-within.ts";
import { type Finding, ok, warning } from "./finding.ts";
import { isLocal } from "./local-host.ts";

const openMs = 3_000;

/** Which servers are ports of their own, and who needs them. */
const wanted = {
  realtime: "4443: NATS over WebSocket, and WebSocket",
  nats: "4222: NATS, for gateways and back ends",
  mqtt: "1883: MQTT, for gateways",
} as const;

/** Whether the ports beside the hub's own can be reached from here, where the hub says they are. */
export async function checkPorts(url: URL, signal: AbortSignal): Promise<readonly Finding[]> {
  const hub = new Novacore({ baseUrl: url.href }).hub;
  const servers = serversOf(
    await answerWithin(signal, (within) => hub.asyncApi({ signal: within })),
  );
  const entries = Object.entries(wanted);
  return Promise.all(
    entries.map(async ([name, text]) => {
      const [defaultPort = "", purpose = ""] = text.split(": ");
      const { host, port } = addressOf(servers[name], url, Number(defaultPort));
      const check = `Port ${port}`;
      const problem = await tryPort(host, port);
      if (problem === undefined) return ok(check, `${host} takes connections (${purpose})`);
      const fix = "open it in the firewall, if somebody out here needs it";
      return warning(check, `${host} does not: ${problem} (${purpose})`, fix);
    }),
  );
}

function serversOf(document: object): Readonly<Record<string, unknown>> {
  const servers: unknown = "servers" in document ? document.servers : undefined;
  return typeof servers === "object" && servers !== null ? { ...servers } : {};
}

/** A hub that listens on this machine or everywhere does not know its name: the one that led to it does. */
function addressOf(server: unknown, url: URL, defaultPort: number) {
  const told =
    typeof server === "object" && server !== null && "host" in server ? String(server.host) : "";
  const address = URL.parse(`http://${told.replace("{host}", url.hostname)}`);
  const isNameless = address === null || isLocal(address);
  return {
    host: (isNameless ? url : address).hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(address?.port || defaultPort),
  };
}

function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: openMs });
    const end = (problem?: string) => {
      socket.destroy();
      resolve(problem);
    };
    socket.once("connect", () => end());
    socket.once("timeout", () => end(`no answer in ${openMs / 1_000} s`));
    socket.once("error", (error) => end("code" in error ? String(error.code) : error.message));
  });
}
