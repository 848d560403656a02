import { NovacoreError } from "../errors.ts";

const packages = { mqtt: "mqtt", nats: "@nats-io/transport-node" } as const;

/** A package that only gateways on this way need; throws `options_invalid` where it is missing. */
export async function importOptional<T>(
  via: keyof typeof packages,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const name = packages[via];
    const message = `via: "${via}" needs the package ${name}: npm install ${name}.`;
    throw new NovacoreError("options_invalid", message, { cause });
  }
}

/** MQTT and NATS do not say why. */
export function credentialRefused(serial: string, cause: unknown): NovacoreError {
  const message =
    `The hub does not let ${serial} in: it is not claimed yet, was released or revoked, has another ` +
    "key on record, one of the clocks is wrong, or the hub has only just started.";
  return new NovacoreError("unauthenticated", message, { cause });
}
