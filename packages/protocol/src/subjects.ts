/** The NATS subjects of the wire contract, built and taken apart in one place. */

/** A gateway's or a DER's name: one subject token, safe in topics, URLs and headers. */
export const namePattern = /^[A-Za-z0-9_-]{1,64}$/;

/** What stands for a hardware_id in a subject: every character a token cannot hold becomes `_`. */
export function sanitiseHardwareId(hardwareId: string): string {
  return hardwareId.replaceAll(/[^A-Za-z0-9_-]/gu, "_");
}

/** A DER as its gateway names it. */
export interface GatewayTelemetryAddress {
  readonly serial: string;
  /** hardware_id as the gateway wrote it: verbatim or sanitised, resolved against both. */
  readonly hardwareId: string;
  /** The DER's name, or its type, depending on the gateway. */
  readonly der: string;
}

const telemetrySuffix = "telemetry.json.v1";

/** Where a gateway publishes readings of a DER, in NATS; MQTT has `/` for `.`. */
export function gatewayTelemetrySubject(address: GatewayTelemetryAddress): string {
  const { serial, hardwareId, der } = address;
  return `gateways.${serial}.devices.${hardwareId}.ders.${der}.${telemetrySuffix}`;
}

/**
 * Takes `gateways.{serial}.devices.{hardware_id}.ders.{X}.telemetry.json.v1` apart; undefined when
 * the subject is another. A hardware_id holding dots cannot travel in a subject unsanitised.
 */
export function parseGatewayTelemetrySubject(subject: string): GatewayTelemetryAddress | undefined {
  const tokens = subject.split(".");
  const [root, serial, devices, hardwareId, ders, der, telemetry, json, v1] = tokens;
  if (tokens.length !== 9 || root !== "gateways" || devices !== "devices" || ders !== "ders") {
    return undefined;
  }
  if (telemetry !== "telemetry" || json !== "json" || v1 !== "v1") return undefined;
  if (!serial || !hardwareId || !der) return undefined;
  return { serial, hardwareId, der };
}

/** A DER by the ids of the hub. */
export interface EnrichedAddress {
  readonly orgId: string;
  readonly siteId: string;
  readonly deviceId: string;
  readonly derId: string;
}

/** Where a stored reading stands: platform ids only. */
export function enrichedSubject({ orgId, siteId, deviceId, derId }: EnrichedAddress): string {
  return `orgs.${orgId}.sites.${siteId}.devices.${deviceId}.ders.${derId}.${telemetrySuffix}`;
}

/**
 * Where a reading waits for the archive that is too old for the stream of stored readings: under the
 * name that it would have there.
 */
export function backfillSubject(address: EnrichedAddress): string {
  return backfillPrefix + enrichedSubject(address);
}

/** The address in such a subject; undefined if it is none. */
export function parseBackfillSubject(subject: string): EnrichedAddress | undefined {
  if (!subject.startsWith(backfillPrefix)) return undefined;
  return parseEnrichedSubject(subject.slice(backfillPrefix.length));
}

const backfillPrefix = "backfill.";

/** The address in such a subject; undefined if it is none. */
export function parseEnrichedSubject(subject: string): EnrichedAddress | undefined {
  const tokens = subject.split(".");
  const [orgs, orgId, sites, siteId, devices, deviceId, ders, derId] = tokens;
  if (tokens.length !== 11 || orgs !== "orgs" || sites !== "sites") return undefined;
  if (devices !== "devices" || ders !== "ders") return undefined;
  if (!orgId || !siteId || !deviceId || !derId) return undefined;
  return { orgId, siteId, deviceId, derId };
}
