import { namePattern } from "@novacore/protocol";
import type { AddressedReading, Rejection } from "./delivery.ts";
import { payloadBytesMax } from "./spool-record.ts";

/** A reading as the spool keeps it: what the hub would refuse for certain takes no room there. */
export function encodeReading(
  reading: AddressedReading,
): { readonly payload: Buffer } | { readonly rejection: Rejection } {
  const rejection = addressRejection(reading);
  if (rejection !== undefined) return { rejection };
  let payload: Buffer;
  try {
    payload = Buffer.from(JSON.stringify(reading));
  } catch (error) {
    const message = `The reading cannot be written as JSON: ${String(error)}.`;
    return { rejection: { code: "reading_invalid", message, reading } };
  }
  if (payload.byteLength <= payloadBytesMax) return { payload };
  const message = `The reading has ${payload.byteLength} bytes; the limit is 64 KiB.`;
  return { rejection: { code: "reading_too_large", message, reading } };
}

function addressRejection(reading: AddressedReading): Rejection | undefined {
  const { hardware_id, der, timestamp } = reading;
  if (typeof hardware_id !== "string" || hardware_id === "" || hardware_id.length > 256) {
    return invalid(
      reading,
      "/hardware_id",
      `hardwareId is "${String(hardware_id)}"; it has 1 to 256 characters.`,
    );
  }
  if (typeof der !== "string" || !namePattern.test(der)) {
    return invalid(reading, "/der", `der is "${String(der)}"; it has 1 to 64 of A-Z a-z 0-9 _ -.`);
  }
  if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
    const message = `timestamp is ${String(timestamp)}; send epoch milliseconds as a whole number.`;
    return { code: "timestamp_missing", message, path: "/timestamp", reading };
  }
  return undefined;
}

function invalid(reading: AddressedReading, path: string, message: string): Rejection {
  return { code: "reading_invalid", message, path, reading };
}
