import fc from "fast-check";
import type { BackEnd } from "../support/back-end.ts";
import type { Home } from "../support/home.ts";
import type { Attempt } from "../support/intruder.ts";
import type { Victim } from "../support/victim.ts";

/** Organization A (home, with a back end) against organization B (the victim). */
export interface Sides {
  readonly victim: Victim;
  readonly home: Home;
  readonly backEnd: BackEnd;
}

const stream = "ENRICHED_TELEMETRY";

/** Subjects of the hub, of the server and of others, to publish on. */
export function plainSubjects({ victim, home }: Sides): string[] {
  const { orgId, siteId, gateway, ders } = victim.home;
  const own = `sites.${home.siteId}.devices.d.ders.x.telemetry.json.v1`;
  return [
    `orgs.${orgId}.sites.${siteId}.devices.d.ders.${ders.meter.derId}.telemetry.json.v1`,
    ...[`orgs.${home.orgId}.${own}`, `live.orgs.${home.orgId}.${own}`, "orgs.x", "live.x"],
    `live.orgs.${orgId}.sites.${siteId}.devices.d.ders.x.telemetry.json.v1`,
    `gateways.${gateway.serial}.devices.d.ders.x.telemetry.json.v1`,
    `gateways.${gateway.serial}.devices.d.ders.x.control.ems.commands`,
    ...[`gateways.${gateway.serial}.telemetry.batch`, `gateways.${gateway.serial}.state.json.v1`],
    ...[`_INBOX_${victim.backEnd.id}.x`, `_INBOX_${gateway.serial}.x`, "_INBOX.x", "_R_.x"],
    ...["$SYS.REQ.USER.AUTH", "$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.PING.CONNZ", "$SYS.x"],
    ...["$SYS.REQ.ACCOUNT.HUB.CONNZ", "$SYS.REQ.ACCOUNT.PING.CONNZ", "$SYS.REQ.USER.INFO"],
    ...["$KV.x.y", "$O.x.C.y", "$SRV.PING", "$MQTT.msgs.x", "$MQTT.sub.x", "$NRG.x"],
    ...["novacore.registry.changed", "rejected.gateways.x", "$JS.FC.x", "_GR_.x", "end"],
  ];
}

const streamVerbs = [
  ...["CREATE", "UPDATE", "DELETE", "INFO", "PURGE", "SNAPSHOT", "RESTORE", "MSG.GET"],
  ...["MSG.DELETE", "PEER.REMOVE", "LEADER.STEPDOWN", "DIRECT.GET"],
];
const consumerVerbs = [
  ...["CREATE", "DURABLE.CREATE", "DELETE", "INFO", "MSG.NEXT", "PAUSE", "RESET", "UNPIN"],
  ...["LEADER.STEPDOWN", "LIST", "NAMES", "GETSTATE"],
];

/** Every verb, on the streams of the hub and for consumers of all names but the own one's two. */
export function apiAttempts({ victim }: Sides, { id }: BackEnd): Attempt[] {
  const attempts: string[] = [];
  for (const api of ["$JS.API", "$JS.hub.API", "$JS.HUB.API"]) {
    attempts.push(`${api}.INFO`, `${api}.STREAM.LIST`, `${api}.STREAM.NAMES`, `${api}.META.x`);
    attempts.push(`${api}.ACCOUNT.PURGE.HUB`, `${api}.SERVER.REMOVE`, `${api}.ALL`);
    for (const name of [stream, "REJECTED_TELEMETRY", "GATEWAY_TELEMETRY", "KV_x"]) {
      for (const verb of streamVerbs) attempts.push(`${api}.STREAM.${verb}.${name}`);
      attempts.push(`${api}.DIRECT.GET.${name}`, `${api}.DIRECT.GET.${name}.orgs.x`);
      attempts.push(`${api}.DIRECT.GET.${name}.orgs.${victim.home.orgId}.x`);
      for (const verb of consumerVerbs) {
        attempts.push(`${api}.CONSUMER.${verb}.${name}`);
        for (const place of [...victim.consumers, `${id}_0`, `${id}_16`, `${id}_00`, id, "x"]) {
          const isOwn = api === "$JS.hub.API" && name === stream && place === `${id}_0`;
          if (isOwn && (verb === "MSG.NEXT" || verb === "INFO")) continue;
          attempts.push(`${api}.CONSUMER.${verb}.${name}.${place}`);
          attempts.push(`${api}.CONSUMER.${verb}.${name}.${place}.orgs.${victim.home.orgId}.x`);
        }
      }
    }
  }
  return attempts.map((subject) => ({ subject, payload: "{}", reply: `_INBOX_${id}.x` }));
}

/** Both forms of acknowledgements, and subjects that are one form for A and the other for B. */
export function consumerAttempts({ victim }: Sides, { id }: BackEnd): Attempt[] {
  const reply = `_INBOX_${id}.x`;
  return victim.consumers.flatMap((theirs) =>
    [
      `$JS.ACK.${stream}.${theirs}.1.1.1.1.0`,
      `$JS.ACK._.hash.${stream}.${theirs}.1.1.1.1.0`,
      `$JS.ACK.hub.hash.${stream}.${theirs}.1.1.1.1.0`,
      `$JS.ACK.${stream}.${theirs}.${stream}.${id}_0.1.1.1`,
      `$JS.ACK.${stream}.${theirs}.${stream}.${id}_0.1.1.1.1.1`,
      `$JS.ACK.${stream}._.${stream}.${id}_0.1.1.1`,
      `$JS.ACK.x.x.${stream}.${id}_0.1.1.1.1.0`,
      `$JS.FC.${stream}.${theirs}.1`,
    ].flatMap((subject) =>
      ["+NXT", "+ACK", "+TERM"].map((payload) => ({ subject, payload, reply })),
    ),
  );
}

/** Where an answer would do harm, if nats-server wrote it there. */
export function replySubjects({ victim }: Sides): string[] {
  const { home: other, backEnd: theirs, consumers } = victim;
  const { meter } = other.ders;
  const reading = `orgs.${other.orgId}.sites.${other.siteId}.devices.d.ders.${meter.derId}.telemetry.json.v1`;
  return [
    ...[`_INBOX_${theirs.id}.x`, reading, `live.${reading}`, `_INBOX_${other.gateway.serial}.x`],
    `gateways.${other.gateway.serial}.devices.d.ders.x.control.ems.commands`,
    ...["_R_.x", "_GR_.x", "$SYS.REQ.USER.AUTH", `$JS.API.STREAM.DELETE.${stream}`],
    ...consumers.flatMap((name) => [
      `$JS.hub.API.CONSUMER.MSG.NEXT.${stream}.${name}`,
      `$JS.hub.API.CONSUMER.INFO.${stream}.${name}`,
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`,
      `$JS.API.CONSUMER.DELETE.${stream}.${name}`,
      `$JS.ACK.${stream}.${name}.1.1.1.1.0`,
      `$JS.ACK._.x.${stream}.${name}.1.1.1.1.0`,
    ]),
  ];
}

/** Subjects of the tokens that matter, in any order and number. */
export function subjectArbitrary({ victim, home, backEnd }: Sides) {
  const { orgId, siteId, gateway } = victim.home;
  const roots = ["orgs", "live", "live.orgs", "gateways", "$JS.API", "$JS.hub.API", "$JS.ACK"];
  const others = ["$SYS.REQ", "$KV", "$MQTT", "_R_", `_INBOX_${victim.backEnd.id}`, "_INBOX", "*"];
  const tokens = [
    ...[
      orgId,
      home.orgId,
      siteId,
      "sites",
      "devices",
      "ders",
      stream,
      `${backEnd.id}_0`,
      backEnd.id,
    ],
    ...[...victim.consumers, gateway.serial, "CONSUMER", "STREAM", "MSG", "NEXT", "INFO", "_", "1"],
    ...[...streamVerbs, ...consumerVerbs, "*"],
  ];
  return fc
    .tuple(
      fc.constantFrom(...roots, ...others),
      fc.array(fc.constantFrom(...tokens), { minLength: 1, maxLength: 7 }),
      fc.constantFrom("", "", ".>"),
    )
    .map(([root, rest, end]) => `${root}.${rest.join(".")}${end}`);
}

/** What the contract lets A do, written again: anything else must be refused. */
export function isOwn(subject: string, { id, orgId }: BackEnd): boolean {
  const places = Array.from({ length: 16 }, (_, place) => `${id}_${place}`);
  const mine = [`orgs.${orgId}.`, `_INBOX_${id}.`];
  if (mine.some((prefix) => subject.startsWith(prefix))) return true;
  return places.some(
    (place) =>
      subject === `$JS.hub.API.CONSUMER.MSG.NEXT.${stream}.${place}` ||
      subject === `$JS.hub.API.CONSUMER.INFO.${stream}.${place}` ||
      subject.startsWith(`$JS.ACK.${stream}.${place}.`),
  );
}
