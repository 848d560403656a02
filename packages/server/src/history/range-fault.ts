import { NovacoreError } from "@novacore/protocol";

/** What was asked for is more than one answer holds. */
export function tooMany(what: string): NovacoreError {
  const message =
    `is ${what}, more than one answer holds; ` +
    "ask for less time, a coarser resolution, or fewer DERs";
  return new NovacoreError("validation_failed", `/resolution ${message}.`, {
    details: [{ path: "/resolution", message }],
  });
}
