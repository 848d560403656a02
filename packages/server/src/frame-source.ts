import { NovacoreError } from "@novacore/protocol";
import type { Access } from "./access/access.ts";
import type { Caller } from "./access/caller.ts";
import type { ReadingsIn } from "./deliver/ws-ops.ts";
import { memberBytes } from "./ingest/member-bytes.ts";
import type { Uploads } from "./ingest/upload.ts";

/**
 * Readings that a gateway sends over a WebSocket: an upload like any other, made of the bytes of the
 * frame, so that a refused reading is kept as it came.
 */
export function createFrameSource(access: Access, uploads: Uploads): ReadingsIn<Caller> {
  return {
    async publish(caller, frame) {
      const serial = caller.identityId;
      const isMachine = caller.identityType === "gateway" || caller.identityType === "device";
      if (!isMachine) {
        const message = `Only gateways and devices publish; ${serial} is a ${caller.identityType}.`;
        throw new NovacoreError("forbidden", message);
      }
      await access.authorize(caller, "telemetry.publish", { gatewaySerial: serial });
      const body = memberBytes(frame, "readings");
      if (body === undefined) throw new NovacoreError("malformed_request");
      const leave = uploads.enter(serial);
      try {
        const answer = await uploads.ingest({
          ...{ serial, transport: "websocket", form: "json", gzip: "no", body },
        });
        return { ...answer, results: [...answer.results] };
      } finally {
        leave();
      }
    },
  };
}
