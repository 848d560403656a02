import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { join } from "node:path";
import { createVirtualGateway, type VirtualGateway } from "./gateway.ts";
import { readOrCreate } from "./kept-file.ts";
import { createPerson, type Person } from "./person.ts";

/** Who the demo is: made at its first start, kept in `<dataDir>/demo` (mode 0600), then the same. */
export interface DemoIdentity {
  readonly person: Person;
  readonly gateway: VirtualGateway;
  /** Local time of the home, hours ahead of UTC, and the time zone's name. */
  readonly utcOffsetHours: number;
  readonly timezone: string;
}

/**
 * The demo's home lies where it was late afternoon when it was first started: the sun still shines,
 * the car has come home, the battery carries the house. So a first look shows everything, at night
 * too, and the days that follow are whole.
 */
const firstLocalHour = 16;

export function readDemoIdentity(dataDir: string, nowMs: number): DemoIdentity {
  const kept = (name: string, create: () => string) =>
    readOrCreate(join(dataDir, "demo", name), create);
  const personPem = kept("person-key.pem", () => pem(generateKeyPairSync("ed25519").privateKey));
  const gatewayPem = kept("gateway-key.pem", () =>
    pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey),
  );
  const serial = kept("gateway-serial", () => `demo-${randomBytes(4).toString("hex")}`).trim();
  const offset = kept("utc-offset-hours", () => String(offsetFor(nowMs))).trim();
  const utcOffsetHours = Number(offset);
  if (!Number.isInteger(utcOffsetHours)) {
    throw new Error(`${join(dataDir, "demo", "utc-offset-hours")} holds "${offset}"; remove it.`);
  }
  return {
    person: createPerson({ privateKeyPem: personPem }),
    gateway: createVirtualGateway({ serial, privateKeyPem: gatewayPem }),
    utcOffsetHours,
    timezone: timezoneName(utcOffsetHours),
  };
}

/** Within −11 … +12, which all are time zones. */
function offsetFor(nowMs: number): number {
  const time = new Date(nowMs);
  const hours = firstLocalHour - Math.round(time.getUTCHours() + time.getUTCMinutes() / 60);
  return hours > 12 ? hours - 24 : hours;
}

/** The IANA names of whole-hour offsets count westwards: Etc/GMT-10 is ten hours ahead of UTC. */
function timezoneName(utcOffsetHours: number): string {
  if (utcOffsetHours === 0) return "Etc/GMT";
  return `Etc/GMT${utcOffsetHours > 0 ? "-" : "+"}${Math.abs(utcOffsetHours)}`;
}

function pem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}
