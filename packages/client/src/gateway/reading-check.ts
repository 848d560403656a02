import { namePattern } from "@novacore/protocol";
import type { AddressedReading, Rejection } from "./delivery.ts";
import { payloadBytesMax } from "./spool-record.ts";

/** What the hub would refuse for certain is refused here, and takes no room in the spool. */
export function checkReading(
  reading: AddressedReading,
  payload: Uint8Array,
): Rejection | undefined {
  const { hardware_id, der, timestamp } = reading;
  if (typeof hardware_id !== "string" || hardware_id === "" || hardware_id.length > 256) {
    return invalid(
      reading,
      "/hardware_id",
      `hardwareId is "${hardware_id}"; it has 1 to 256 characters.`,
    );
  }
  if (typeof der !== "string" || !namePattern.test(der)) {
    return invalid(reading, "/der", `der is "${der}"; it has 1 to 64 of A-Z a-z 0-9 _ -.`);
  }
  if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
    const message = `timestamp is ${timestamp}; send epoch milliseconds as a whole number.`;
    return { code: "timestamp_missing", message, path: "/timestamp", reading };
  }
  if (payload.byteLength > payloadBytesMax) {
    const message = `The reading has ${payload.byteLength} bytes; the limit is 64 KiB.`;
    return { code: "reading_too_large", message, reading };
  }
  return undefined;
}

function invalid(reading: AddressedReading, path: string, message: string): Rejection {
  return { code: "reading_invalid", message, path, reading };
}
