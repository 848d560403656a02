import { limits } from "../limits.ts";
import type { HubAccount, HubKeys } from "./hub-keys.ts";
import { sharedSubjects } from "./permissions.ts";

/**
 * Where nats-server listens. WebSocket and monitoring are bound to the loopback address alone: the
 * hub's realtime port hands WebSockets on, and says from whom they come.
 */
export interface NatsPorts {
  readonly nats: number;
  readonly websocket: number;
  readonly mqtt: number;
  readonly monitor: number;
}

export interface NatsConfigOptions {
  readonly host: string;
  readonly ports: NatsPorts;
  readonly storeDir: string;
  readonly keys: HubKeys;
}

/**
 * The whole nats-server configuration. Accounts are static: adding one by reload disconnects
 * everybody, and a reload also deletes the retained MQTT messages of every user that is not in the
 * file, which is every gateway. So the file is never reloaded, and slots for back ends exist from
 * the start.
 */
export function natsConfig({ host, ports, storeDir, keys }: NatsConfigOptions): string {
  return `# Written by Novacore at every start; changes are lost.
server_name: novacore
listen: ${quote(listen(host, ports.nats))}
http: "127.0.0.1:${ports.monitor}"
logtime: false

${serverLimits()}
jetstream {
  store_dir: ${quote(storeDir)}
  # Acknowledged means stored: fsync before every acknowledgement.
  sync_interval: always
  max_mem: ${limits.natsMemoryBytesMax}
  # Said outright, because the default is a share of what the disk has free today.
  max_file: ${limits.natsStoreBytesMax}
}

mqtt {
  listen: ${quote(listen(host, ports.mqtt))}
  ack_wait: "30s"
  max_ack_pending: 1024
  # Each QoS 2 publish is stored before its permission is checked; gateways use 0 and 1.
  reject_qos2_publish: true
  downgrade_qos2_subscribe: true
  # Consumers of persistent sessions whose gateway never came back.
  consumer_inactive_threshold: "24h"
}

websocket {
  listen: "127.0.0.1:${ports.websocket}"
  no_tls: true
  handshake_timeout: "5s"
}

${natsAccessConfig(keys)}`;
}

/** Accounts and authorization: the part that an operated nats-server or cluster has to have too. */
export function natsAccessConfig(keys: HubKeys): string {
  const user = (account: HubAccount) =>
    `users: [{ nkey: ${keys.users[account].publicKey}, ${everything} }]`;
  const slots = externalAccounts.map(externalAccount).join("\n");
  const users = Object.values(keys.users).map(({ publicKey }) => publicKey);
  return `accounts {
  # Server events and requests; kicks of revoked identities.
  SYS { ${user("SYS")} }
  # The auth callout alone.
  AUTH { ${user("AUTH")} }
  # Gateways and devices, MQTT sessions, GATEWAY_TELEMETRY.
  DEV {
    jetstream: enabled
    ${user("DEV")}
    # An empty permission list in a login means "everything" to nats-server; here it means nothing.
    ${nothing}
    limits { max_subscriptions: ${limits.deviceSubscriptionsMax} }
  }
  # ENRICHED_TELEMETRY and the hub's services.
  HUB {
    jetstream: enabled
    ${user("HUB")}
    exports: [
${exports().join("\n")}
    ]
  }
  # Back ends, one organization each.
${slots}
}
system_account: SYS

authorization {
  # Also how long a login may wait for the callout.
  timeout: ${limits.natsAuthMs / 1000}
  auth_callout {
    issuer: ${keys.issuer.publicKey}
    account: AUTH
    # Two nets, so that the hub's own users never wait for the callout that they are needed for:
    # they are named, and three of their accounts are none that the callout answers for.
    auth_users: [${users.join(", ")}]
    allowed_accounts: [${["DEV", ...externalAccounts].join(", ")}]
  }
}
`;
}

const externalAccounts = Array.from({ length: limits.externalAccounts }, (_, i) => `EXT_${i}`);

/**
 * A back end's account has no data of its own: readings come in from HUB, requests go there, and a
 * reply subject, which nats-server does not check, leads back into this account and no other.
 */
function externalAccount(name: string): string {
  return `  ${name} {
    jetstream: disabled
    ${nothing}
    limits {
      max_connections: ${limits.backEndConnectionsMax}
      max_subscriptions: ${limits.backEndSubscriptionsMax}
      max_payload: ${limits.backEndPayloadBytesMax}
    }
    imports: [
${imports().join("\n")}
    ]
  }`;
}

function exports(): string[] {
  const { readings, requests, acknowledgements } = sharedSubjects;
  return [
    `      { stream: ${quote(readings.hub)} }`,
    ...requests.map(
      ({ hub, responseType, answerMs }) =>
        `      { service: ${quote(hub)}, response_type: ${responseType}, ${threshold(answerMs)} }`,
    ),
    ...acknowledgements.map(
      (subject) => `      { service: ${quote(subject)}, ${threshold(limits.backEndAnswerMs)} }`,
    ),
  ];
}

const threshold = (ms: number): string => `response_threshold: "${ms / 1000}s"`;

function imports(): string[] {
  const { readings, requests, acknowledgements } = sharedSubjects;
  const from = (subject: string) => `{ account: HUB, subject: ${quote(subject)} }`;
  return [
    `      { stream: ${from(readings.hub)}, to: ${quote(readings.backEnd)} }`,
    ...requests.map(({ hub, backEnd }) => `      { service: ${from(hub)}, to: ${quote(backEnd)} }`),
    ...acknowledgements.map((subject) => `      { service: ${from(subject)} }`),
  ];
}

const nothing = 'default_permissions { publish: { deny: ">" }, subscribe: { deny: ">" } }';

const everything = 'permissions: { publish: ">", subscribe: ">" }';

function serverLimits(): string {
  return `max_payload: ${limits.natsPayloadBytesMax}
max_connections: ${limits.natsConnectionsMax}
max_control_line: ${limits.natsControlLineBytesMax}
max_subscription_tokens: 16
# A client that does not read costs only itself: its queue is bounded, it is cut after the deadline,
# and nobody who publishes is slowed down for it.
max_pending: ${limits.natsPendingBytesMax}
write_deadline: "${limits.natsWriteMs / 1000}s"
no_fast_producer_stall: true
ping_interval: "${limits.natsPingMs / 1000}s"
ping_max: 2
`;
}

function listen(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A string of nats-server's configuration language; a path may hold quotes and backslashes. */
function quote(text: string): string {
  return JSON.stringify(text);
}
