import type { NovacoreError } from "../errors.ts";
import type { Rest } from "../rest.ts";
import type { Uplink } from "./uplink.ts";
import { createUpload } from "./upload.ts";

/** Every batch is an upload. There is no connection: that the hub knows the gateway stands for it. */
export function createHttpUplink(rest: Rest, serial: string): Uplink {
  const upload = createUpload(rest, serial);
  return {
    async connect({ signal, onLost }) {
      await rest.request("GET", `gateways/${serial}`, { signal });
      return {
        readingsMax,
        takes: () => true,
        async send(readings, ending) {
          const sent = await upload(readings, ending);
          if (sent.error !== undefined && isLoss(sent.error)) onLost(sent.error);
          return sent;
        },
        close: async () => undefined,
      };
    },
  };
}

/** A tenth of what an upload may have: one that is lost on a bad line is soon sent again. */
const readingsMax = 1_000;

/** Anything but a hub that is there and asks to wait, or for less at once. */
function isLoss({ status, code, isRetryable }: NovacoreError): boolean {
  if (status === undefined) return code === "unreachable" || code === "answer_invalid";
  return !isRetryable && code !== "payload_too_large";
}
