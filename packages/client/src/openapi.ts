// Made from the hub's /openapi.json by "npm run api-types"; a test tells when it is not current.
// layout: one document, one file.
import type { EnrichedReading, Reading } from "@novacore/protocol";

export interface components {
    schemas: {
        /**
         * Challenge
         * Text that only the holder of a key can sign; it is good once and for a short time
         */
        readonly Challenge: {
            /** To be signed as it is */
            readonly challenge: string;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly expires_at: string;
        };
        /**
         * ChallengeRequest
         * Whose key the challenge is for
         */
        readonly ChallengeRequest: {
            /** P-256 as hex or base64(url) of X‖Y or 04‖X‖Y; Ed25519 as hex, base64(url) or base58; or PEM, SPKI, JWK */
            readonly public_key: string | object;
        };
        /**
         * Consumer
         * A durable consumer by which a back end reads stored readings over NATS, and how far it is
         */
        readonly Consumer: {
            readonly name: string;
            readonly org_id: string;
            readonly integration_id: string;
            readonly stream: string;
            /** Its name in NATS, for the client library */
            readonly consumer: string;
            readonly sites: readonly string[] | null;
            readonly types: readonly ("pv" | "battery" | "meter" | "v2x_charger" | "ev_charger" | "inverter")[] | null;
            /** @enum {string} */
            readonly ack: "explicit" | "none";
            /** @enum {string} */
            readonly start: "position" | "last_per_der";
            /** A position; SSE and WebSocket take it as well */
            readonly starts_at: string;
            /** How many subjects it reads */
            readonly filter_subjects: number;
            /** More DERs match than it can name, so it reads every type of their sites */
            readonly widened: boolean;
            /** Readings that match and are still to be delivered */
            readonly pending: number;
            /** Delivered and not acknowledged */
            readonly ack_pending: number;
            /** A position; SSE and WebSocket take it as well */
            readonly delivered: string;
            /** A position; SSE and WebSocket take it as well */
            readonly acknowledged: string;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly created_at: string;
        };
        /**
         * ConsumerPosition
         * Where a consumer is to go on: one of since, cursor and start
         */
        readonly ConsumerPosition: {
            readonly integration_id?: string;
            /** When it was stored, by the hub's clock; epoch milliseconds or ISO-8601; 0 is everything */
            readonly since?: number | string;
            /** Everything after what this cursor came with */
            readonly cursor?: string;
            /**
             * Only what comes; or first the newest reading of each DER
             * @enum {string}
             */
            readonly start?: "new" | "last_per_der";
            /** Start with the oldest kept when since or cursor is older than that */
            readonly from_oldest?: boolean;
        };
        /**
         * Der
         * What reports: a battery, a meter, a port of a charger
         */
        readonly Der: {
            readonly id: string;
            readonly name: string;
            /** @enum {string} */
            readonly type: "solar" | "pv" | "battery" | "meter" | "inverter" | "ev_charger_port" | "ev_port" | "ev" | "ev_charger" | "v2x_charger";
        };
        /**
         * DerStatus
         * How a DER does, since when and why
         */
        readonly DerStatus: {
            readonly der_id: string;
            readonly der_name: string;
            readonly type: ("pv" | "battery" | "meter" | "v2x_charger" | "ev_charger" | "inverter") | null;
            readonly device_id: string;
            readonly site_id: string;
            readonly gateway_serial: string;
            /** @enum {string} */
            readonly state: "online" | "stale" | "offline";
            /** When it came back online (null: longer ago than the hub has looked), or when its last reading reached the hub, or when it was made; hub clock, epoch ms */
            readonly since: number | null;
            /** Why it is not online, as far as the hub knows */
            readonly why: ("device_silent" | "gateway_disconnected" | "rejected" | "never_reported") | null;
            /** Since the last reading reached the hub */
            readonly age_ms: number | null;
            /** When that was; hub clock, epoch ms */
            readonly received_at: number | null;
            /** When the newest reading was taken; gateway clock, epoch ms */
            readonly timestamp: number | null;
            /** Since then: how old the last values are */
            readonly timestamp_age_ms: number | null;
        };
        /**
         * DerWithDevice
         * A DER, and the device that it is part of
         */
        readonly DerWithDevice: {
            readonly id: string;
            readonly name: string;
            /** @enum {string} */
            readonly type: "solar" | "pv" | "battery" | "meter" | "inverter" | "ev_charger_port" | "ev_port" | "ev" | "ev_charger" | "v2x_charger";
            readonly device_id: string;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly created_at: string;
        };
        /**
         * Device
         * What is behind a gateway, with its DERs
         */
        readonly Device: {
            readonly id: string;
            readonly name: string | null;
            /** @enum {string} */
            readonly type: "inverter" | "battery" | "ev_charger" | "v2x_charger" | "energy_meter";
            /** @enum {string} */
            readonly state: "pending" | "active" | "orphaned";
            readonly hardware_id: string;
            readonly site_id: string;
            readonly gateway_serial: string;
            readonly manufacturer: string | null;
            readonly model: string | null;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly created_at: string;
            readonly ders: readonly components["schemas"]["Der"][];
        };
        /**
         * DeviceSettings
         * What of a device can be changed
         */
        readonly DeviceSettings: {
            readonly name?: string;
            readonly site_id?: string;
            readonly manufacturer?: string;
            readonly model?: string;
        };
        /**
         * EnergyPeriod
         * Energy in a stretch of time; values are at least 0, and null where there is no such DER or it did not report
         */
        readonly EnergyPeriod: {
            /**
             * Format: date-time
             * Start, part of it; ISO-8601, the site's offset
             */
            readonly start: string;
            /**
             * Format: date-time
             * End, no part of it; ISO-8601, the site's offset
             */
            readonly end: string;
            /** From the grid, by all meters */
            readonly imported_kWh: number | null;
            /** To the grid, by all meters */
            readonly exported_kWh: number | null;
            /** By all pv; by inverters where the site has neither pv nor battery */
            readonly produced_kWh: number | null;
            /** Into batteries */
            readonly charged_kWh: number | null;
            /** Out of batteries */
            readonly discharged_kWh: number | null;
            /** Into cars */
            readonly ev_charged_kWh: number | null;
            /** Out of cars */
            readonly ev_discharged_kWh: number | null;
            /** imported − exported + produced + discharged − charged: cars are part of it */
            readonly consumed_kWh: number | null;
            /** Share of produced that was not exported */
            readonly self_consumption: number | null;
            /** Share of consumed that was not imported */
            readonly self_sufficiency: number | null;
            /** Where each value is from: lifetime counters, power integrated over time, or both */
            readonly sources: {
                /** @enum {string} */
                readonly imported?: "counter" | "power" | "mixed";
                /** @enum {string} */
                readonly exported?: "counter" | "power" | "mixed";
                /** @enum {string} */
                readonly produced?: "counter" | "power" | "mixed";
                /** @enum {string} */
                readonly charged?: "counter" | "power" | "mixed";
                /** @enum {string} */
                readonly discharged?: "counter" | "power" | "mixed";
                /** @enum {string} */
                readonly ev_charged?: "counter" | "power" | "mixed";
                /** @enum {string} */
                readonly ev_discharged?: "counter" | "power" | "mixed";
            };
            /** Time without readings, more than 15 minutes between two of them, of the DER that was missing longest. What a counter grew in it is in the value, shared out evenly; of power it is not */
            readonly gaps_ms: {
                readonly imported?: number;
                readonly exported?: number;
                readonly produced?: number;
                readonly charged?: number;
                readonly discharged?: number;
                readonly ev_charged?: number;
                readonly ev_discharged?: number;
            };
        };
        /**
         * Gateway
         * What devices are behind
         */
        readonly Gateway: {
            readonly id: string;
            readonly serial: string;
            readonly gateway_serial: string;
            readonly org_id: string | null;
            /**
             * How this gateway signs a battery's W: canonical is + charging
             * @enum {string}
             */
            readonly battery_sign: "canonical" | "negated";
            /** ISO-8601, UTC */
            readonly claimed_at: string | null;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly created_at: string;
        };
        /**
         * GatewayClaim
         * Proof that the claimer has the gateway: its own signature
         */
        readonly GatewayClaim: {
            readonly org_id: string;
            readonly gateway_serial: string;
            /** P-256 as hex or base64(url) of X‖Y or 04‖X‖Y; Ed25519 as hex, base64(url) or base58; or PEM, SPKI, JWK */
            readonly public_key: string | object;
            /** claimer|nonce|time|serial, as the gateway signed it */
            readonly message: string;
            /** r‖s or DER (P-256), 64 bytes (Ed25519); as hex, base64 or base64url */
            readonly signature: string;
        };
        /**
         * GatewayPresence
         * Whether a gateway is connected, how its clock goes and what it sent wrong last
         */
        readonly GatewayPresence: {
            readonly serial: string;
            /** Over NATS, MQTT or a WebSocket; a gateway that only uploads never is */
            readonly connected: boolean;
            /** Since when it is connected, or is not any more; null: not known; hub clock, epoch ms */
            readonly since: number | null;
            /** When a reading or a word about itself came last, as far as this hub knows; hub clock, epoch ms */
            readonly last_seen: number | null;
            /** How far its clock is ahead of the hub's; negative: behind */
            readonly clock_drift_ms: number | null;
            /** How long its last reads took, by their median */
            readonly read_time_ms: number | null;
            /** From the timestamps of its last readings to their arrival */
            readonly lateness: {
                readonly last_ms: number;
                readonly median_ms: number;
                readonly max_ms: number;
            } | null;
            readonly last_rejection: {
                readonly received_at: number;
                readonly hardware_id?: string;
                readonly der?: string;
                /** A code of docs/errors.md */
                readonly error: string;
                readonly message: string;
                /** JSON pointer of the member at fault */
                readonly path?: string;
            } | null;
        };
        /**
         * GatewaySettings
         * What of a gateway can be changed
         */
        readonly GatewaySettings: {
            /**
             * How this gateway signs a battery's W: canonical is + charging
             * @enum {string}
             */
            readonly battery_sign?: "canonical" | "negated";
        };
        /**
         * GatewayState
         * What a gateway said last of itself and of its drivers
         */
        readonly GatewayState: {
            readonly state: {
                /** When the hub got it, hub clock, epoch ms */
                readonly received_at: number;
                /** As the gateway sent it, unchecked */
                readonly value: unknown;
            } | null;
            readonly inventory: {
                /** When the hub got it, hub clock, epoch ms */
                readonly received_at: number;
                /** As the gateway sent it, unchecked */
                readonly value: unknown;
            } | null;
        };
        /**
         * GatewayStatus
         * How a gateway and the DERs behind it do
         */
        readonly GatewayStatus: {
            readonly serial: string;
            /** Over NATS, MQTT or a WebSocket; a gateway that only uploads never is */
            readonly connected: boolean;
            /** Since when it is connected, or is not any more; null: not known; hub clock, epoch ms */
            readonly since: number | null;
            /** When a reading or a word about itself came last, as far as this hub knows; hub clock, epoch ms */
            readonly last_seen: number | null;
            /** How far its clock is ahead of the hub's; negative: behind */
            readonly clock_drift_ms: number | null;
            /** How long its last reads took, by their median */
            readonly read_time_ms: number | null;
            /** From the timestamps of its last readings to their arrival */
            readonly lateness: {
                readonly last_ms: number;
                readonly median_ms: number;
                readonly max_ms: number;
            } | null;
            readonly last_rejection: {
                readonly received_at: number;
                readonly hardware_id?: string;
                readonly der?: string;
                /** A code of docs/errors.md */
                readonly error: string;
                readonly message: string;
                /** JSON pointer of the member at fault */
                readonly path?: string;
            } | null;
            readonly ders: readonly components["schemas"]["DerStatus"][];
        };
        /**
         * GatewayWithDevices
         * A gateway, and the devices behind it
         */
        readonly GatewayWithDevices: {
            readonly id: string;
            readonly serial: string;
            readonly gateway_serial: string;
            readonly org_id: string | null;
            /**
             * How this gateway signs a battery's W: canonical is + charging
             * @enum {string}
             */
            readonly battery_sign: "canonical" | "negated";
            /** ISO-8601, UTC */
            readonly claimed_at: string | null;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly created_at: string;
            readonly devices: readonly components["schemas"]["Device"][];
        };
        /**
         * Health
         * That the process lives, and its version
         */
        readonly Health: {
            readonly status: string;
            readonly version: string;
            /** Version of nats-server */
            readonly nats_server: string;
            /** fsync, replicated or page-cache */
            readonly durability: string;
        };
        /**
         * Identity
         * Somebody or something that logs in with a key
         */
        readonly Identity: {
            readonly id: string;
            /** @enum {string} */
            readonly type: "user" | "developer" | "integration" | "gateway" | "device" | "admin" | "root";
            readonly name: string | null;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly created_at: string;
        };
        /**
         * IdentityWithKeys
         * An identity, and the keys that it logs in with
         */
        readonly IdentityWithKeys: {
            readonly id: string;
            /** @enum {string} */
            readonly type: "user" | "developer" | "integration" | "gateway" | "device" | "admin" | "root";
            readonly name: string | null;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly created_at: string;
            readonly public_keys: readonly string[];
        };
        /**
         * Integration
         * A back end that an organization lets in
         */
        readonly Integration: {
            readonly id: string;
            readonly org_id: string;
            readonly name: string | null;
            readonly scopes: readonly "telemetry:read"[];
            readonly site_ids: readonly string[] | null;
            /** Hex */
            readonly public_key: string | null;
            readonly created_by: string;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly created_at: string;
            /** ISO-8601, UTC */
            readonly last_seen_at: string | null;
        };
        /**
         * IntegrationSettings
         * What of an integration can be changed
         */
        readonly IntegrationSettings: {
            readonly name?: string;
            readonly site_ids?: readonly string[] | null;
        };
        /**
         * IntegrationWithKey
         * An integration, and the private key that the hub has just made for it
         */
        readonly IntegrationWithKey: {
            readonly id: string;
            readonly org_id: string;
            readonly name: string | null;
            readonly scopes: readonly "telemetry:read"[];
            readonly site_ids: readonly string[] | null;
            /** Hex */
            readonly public_key: string | null;
            readonly created_by: string;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly created_at: string;
            /** ISO-8601, UTC */
            readonly last_seen_at: string | null;
            readonly private_key?: {
                readonly pem: string;
                readonly jwk: {
                    readonly [key: string]: string;
                };
            };
        };
        /**
         * JsonWebKeySet
         * Public keys as RFC 7517 has them
         */
        readonly JsonWebKeySet: {
            readonly keys: readonly {
                readonly [key: string]: unknown;
            }[];
        };
        /**
         * KeyChoice
         * A key that the integration brings, or that the hub makes
         */
        readonly KeyChoice: {
            /** P-256 as hex or base64(url) of X‖Y or 04‖X‖Y; Ed25519 as hex, base64(url) or base58; or PEM, SPKI, JWK */
            readonly public_key?: string | object;
            /**
             * The hub makes an ES256 key pair
             * @enum {boolean}
             */
            readonly generate?: true;
        };
        /**
         * LatestTelemetry
         * The newest reading of each DER, and how the DER does
         */
        readonly LatestTelemetry: {
            /** A live stream from here has what comes after */
            readonly cursor: string;
            readonly data: readonly {
                readonly der_id: string;
                readonly der_name: string;
                readonly device_id: string;
                readonly site_id: string;
                readonly type: ("pv" | "battery" | "meter" | "v2x_charger" | "ev_charger" | "inverter") | null;
                /** @enum {string} */
                readonly state: "online" | "stale" | "offline";
                /** As in the site's status; hub clock, epoch ms */
                readonly since: number | null;
                readonly why: ("device_silent" | "gateway_disconnected" | "rejected" | "never_reported") | null;
                /** Since the last reading reached the hub */
                readonly age_ms: number | null;
                readonly reading: EnrichedReading | null;
            }[];
        };
        /**
         * Member
         * Somebody's place in an organization
         */
        readonly Member: {
            readonly org_id: string;
            readonly identity_id: string;
            /** @enum {string} */
            readonly role: "owner" | "admin" | "operator" | "viewer";
            readonly site_ids: readonly string[] | null;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly created_at: string;
        };
        /**
         * MemberSettings
         * A role, and the sites that it is limited to
         */
        readonly MemberSettings: {
            /** @enum {string} */
            readonly role: "owner" | "admin" | "operator" | "viewer";
            /** Only these sites: for operators and viewers */
            readonly site_ids?: readonly string[] | null;
        };
        /**
         * NatsCredentials
         * What a back end's program needs to log in to NATS, but for its private key
         */
        readonly NatsCredentials: {
            readonly org_id: string;
            readonly integration_id: string | null;
            readonly urls: {
                readonly nats: string;
                readonly websocket: string;
            };
            readonly inbox_prefix: string;
            readonly subjects: readonly string[];
            readonly stream: string;
            /** Of the stream's cursors, epoch ms */
            readonly stream_epoch: number;
            readonly jetstream_domain: string;
            /** Names that its consumers can have */
            readonly consumers: readonly string[];
            readonly logins: readonly {
                /** @enum {string} */
                readonly method: "jwt" | "token" | "nkey";
                readonly description: string;
            }[];
            readonly snippets: {
                readonly typescript: string;
                readonly python: string;
                readonly go: string;
            };
        };
        /**
         * NewConsumer
         * A consumer to be made, and where it starts
         */
        readonly NewConsumer: {
            /** Name of the consumer */
            readonly name: string;
            readonly org_id?: string;
            readonly integration_id?: string;
            readonly sites?: readonly string[];
            readonly types?: readonly ("pv" | "battery" | "meter" | "v2x_charger" | "ev_charger" | "inverter")[];
            /** @enum {string} */
            readonly ack?: "explicit" | "none";
            /** When it was stored, by the hub's clock; epoch milliseconds or ISO-8601; 0 is everything */
            readonly since?: number | string;
            /** Everything after what this cursor came with */
            readonly cursor?: string;
            /**
             * Only what comes; or first the newest reading of each DER
             * @enum {string}
             */
            readonly start?: "new" | "last_per_der";
            /** Start with the oldest kept when since or cursor is older than that */
            readonly from_oldest?: boolean;
        };
        /**
         * NewDer
         * A DER to be made
         */
        readonly NewDer: {
            /** By which its gateway names it */
            readonly name: string;
            /** @enum {string} */
            readonly type: "solar" | "pv" | "battery" | "meter" | "inverter" | "ev_charger_port" | "ev_port" | "ev" | "ev_charger" | "v2x_charger";
        };
        /**
         * NewDevice
         * A device to be made known, or to get more DERs
         */
        readonly NewDevice: {
            /** Serial of the gateway that it is behind */
            readonly gateway_serial?: string;
            /** Another name of gateway_serial */
            readonly identity?: string;
            readonly hardware_id: string;
            /** @enum {string} */
            readonly device_type: "inverter" | "battery" | "ev_charger" | "v2x_charger" | "energy_meter" | "meter" | "charger";
            readonly site_id: string;
            readonly name?: string;
            readonly manufacturer?: string;
            readonly model?: string;
            readonly ders?: readonly components["schemas"]["NewDer"][];
        };
        /**
         * NewIdentity
         * A key to be registered
         */
        readonly NewIdentity: {
            /** P-256 as hex or base64(url) of X‖Y or 04‖X‖Y; Ed25519 as hex, base64(url) or base58; or PEM, SPKI, JWK */
            readonly public_key: string | object;
            /** @enum {string} */
            readonly type: "user" | "developer" | "integration" | "gateway" | "device" | "admin" | "root";
            readonly name?: string;
        };
        /**
         * NewIntegration
         * A back end to be let in
         */
        readonly NewIntegration: {
            /** P-256 as hex or base64(url) of X‖Y or 04‖X‖Y; Ed25519 as hex, base64(url) or base58; or PEM, SPKI, JWK */
            readonly public_key?: string | object;
            /**
             * The hub makes an ES256 key pair
             * @enum {boolean}
             */
            readonly generate?: true;
            readonly name: string;
            readonly scopes: readonly "telemetry:read"[];
            readonly site_ids?: readonly string[] | null;
        };
        /**
         * NewMember
         * Somebody to be taken into an organization
         */
        readonly NewMember: {
            /** @enum {string} */
            readonly role: "owner" | "admin" | "operator" | "viewer";
            /** Only these sites: for operators and viewers */
            readonly site_ids?: readonly string[] | null;
            readonly identity_id: string;
        };
        /**
         * NewOrganization
         * An organization to be made
         */
        readonly NewOrganization: {
            readonly name: string;
        };
        /**
         * NewSite
         * A site to be made
         */
        readonly NewSite: {
            readonly org_id: string;
            readonly name: string;
            /** IANA name */
            readonly timezone?: string | null;
            readonly latitude?: number | null;
            readonly longitude?: number | null;
        };
        /**
         * NewTicket
         * Whose streams a ticket is to open: site_ids or org_id
         */
        readonly NewTicket: {
            /** These sites */
            readonly site_ids?: readonly string[];
            /** All sites of the organization that the caller sees now */
            readonly org_id?: string;
        };
        /**
         * Organization
         * Who owns sites and gateways; nothing crosses from one to another
         */
        readonly Organization: {
            readonly id: string;
            readonly name: string;
            readonly owner_id: string;
            /** Days that the archive keeps readings; null: for ever */
            readonly retention_days: number | null;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly created_at: string;
        };
        /**
         * OrganizationSettings
         * What of an organization can be changed
         */
        readonly OrganizationSettings: {
            readonly name?: string;
            readonly owner_id?: string;
            /** Days that the archive keeps readings, by their timestamp; null: for ever */
            readonly retention_days?: number | null;
        };
        /**
         * ProvisionedDevice
         * A device that is known now, and whether it is new
         */
        readonly ProvisionedDevice: {
            readonly device_id: string;
            readonly hardware_id: string;
            /** @enum {string} */
            readonly device_type: "inverter" | "battery" | "ev_charger" | "v2x_charger" | "energy_meter";
            readonly site_id: string;
            /** @enum {string} */
            readonly state: "pending" | "active" | "orphaned";
            readonly created: boolean;
            readonly ders: readonly components["schemas"]["Der"][];
        };
        /**
         * PublicKey
         * A key that an identity logs in with
         */
        readonly PublicKey: {
            /** Hex */
            readonly public_key: string;
        };
        /**
         * Readiness
         * Whether the hub can take traffic, and what it has looked at
         */
        readonly Readiness: {
            /** @enum {string} */
            readonly status: "ready" | "not_ready";
            readonly checks: readonly {
                readonly name: string;
                readonly ok: boolean;
                /** Why it is not */
                readonly reason?: string;
            }[];
        };
        /**
         * Rejection
         * A reading that was not taken, and why
         */
        readonly Rejection: {
            /** When the hub got it, hub clock, epoch ms */
            readonly received_at: number;
            readonly gateway_serial: string;
            /** As the gateway wrote it */
            readonly hardware_id?: string;
            /** As the gateway wrote it */
            readonly der?: string;
            /** A code of docs/errors.md */
            readonly error: string;
            readonly message: string;
            /** JSON pointer of the member at fault */
            readonly path?: string;
            /** The bytes that the gateway sent, base64 */
            readonly original: string;
            readonly original_bytes: number;
            /** Whether `original` was cut off */
            readonly truncated: boolean;
        };
        /**
         * SignedChallenge
         * A challenge, signed with the key that it is for
         */
        readonly SignedChallenge: {
            /** P-256 as hex or base64(url) of X‖Y or 04‖X‖Y; Ed25519 as hex, base64(url) or base58; or PEM, SPKI, JWK */
            readonly public_key: string | object;
            readonly challenge: string;
            /** r‖s or DER (P-256), 64 bytes (Ed25519); as hex, base64 or base64url */
            readonly signature: string;
        };
        /**
         * Site
         * Where devices stand
         */
        readonly Site: {
            readonly id: string;
            readonly org_id: string;
            readonly name: string;
            readonly timezone: string | null;
            readonly latitude: number | null;
            readonly longitude: number | null;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly created_at: string;
        };
        /**
         * SiteEnergy
         * What a site imported, produced and used, by periods; docs/energy.md says how it is counted
         */
        readonly SiteEnergy: {
            readonly site_id: string;
            /** IANA name; days and months are of this zone */
            readonly timezone: string;
            /** @enum {string} */
            readonly resolution: "15m" | "1h" | "1d" | "1mo";
            /** Whole ones that share a moment with from–to. A value is null when the site has no such DER, or it did not report */
            readonly periods: readonly components["schemas"]["EnergyPeriod"][];
            readonly total: components["schemas"]["EnergyPeriod"];
            /** A live stream from here begins after the newest reading in it */
            readonly cursor: string | null;
        };
        /**
         * SiteSettings
         * What of a site can be changed; null takes an optional value away
         */
        readonly SiteSettings: {
            readonly name?: string;
            /** IANA name */
            readonly timezone?: string | null;
            readonly latitude?: number | null;
            readonly longitude?: number | null;
        };
        /**
         * SiteStatus
         * How the DERs and gateways of a site do
         */
        readonly SiteStatus: {
            readonly site_id: string;
            readonly ders: readonly components["schemas"]["DerStatus"][];
            readonly gateways: readonly components["schemas"]["GatewayPresence"][];
        };
        /**
         * SiteWithDevices
         * A site, and the devices that stand on it
         */
        readonly SiteWithDevices: {
            readonly id: string;
            readonly org_id: string;
            readonly name: string;
            readonly timezone: string | null;
            readonly latitude: number | null;
            readonly longitude: number | null;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly created_at: string;
            readonly devices: readonly components["schemas"]["Device"][];
        };
        /**
         * Telemetry
         * What DERs reported in a stretch of time
         */
        readonly Telemetry: {
            /** Format: date-time */
            readonly from: string;
            /**
             * Format: date-time
             * Not part of it
             */
            readonly to: string;
            readonly resolution: string;
            readonly timezone: string;
            readonly agg?: readonly string[];
            /** A live stream from here has what is not in here */
            readonly cursor: string;
            readonly units: {
                readonly [key: string]: string;
            };
            /** In the order of time. raw: readings as they were stored */
            readonly data: readonly {
                readonly der_id: string;
                readonly timestamp: number;
            }[];
        };
        /**
         * Ticket
         * Opens streams of some sites for a while, for clients that cannot send a token
         */
        readonly Ticket: {
            /** For ?ticket= of the streams of these sites */
            readonly ticket: string;
            /** Format: date-time */
            readonly expires_at: string;
        };
        /**
         * Token
         * What requests are authorized with, as Authorization: Bearer
         */
        readonly Token: {
            readonly token: string;
            readonly identity_id: string;
            /**
             * Format: date-time
             * ISO-8601, UTC
             */
            readonly expires_at: string;
            /** The hub did not know the key: this identity is new, and sees nothing yet */
            readonly registered: boolean;
        };
        /**
         * UploadAnswer
         * What became of each reading of an upload
         */
        readonly UploadAnswer: {
            /** Readings stored by this upload */
            readonly accepted: number;
            /** Readings that were stored before */
            readonly duplicates: number;
            readonly rejected: number;
            /** fsync, replicated or page-cache */
            readonly durability: string;
            readonly results: readonly {
                /** Place in the upload, from 0 */
                readonly index: number;
                readonly status: "stored" | "duplicate" | "rejected";
                /** Where a stream resumes after this reading */
                readonly cursor?: string;
                /** true: too old for streams, and so without a cursor */
                readonly archived?: boolean;
                /** A code of docs/errors.md */
                readonly error?: string;
                readonly message?: string;
                /** JSON pointer of the member at fault */
                readonly path?: string;
            }[];
        };
        /**
         * UploadedReading
         * A reading in its canonical form, and the DER that it is of
         */
        readonly UploadedReading: Reading & {
            /** Of the device, as it was provisioned */
            readonly hardware_id: string;
            /** The DER's name or type; default: the type of the reading */
            readonly der?: string;
        };
        /** What each operation takes and gives, by its operationId */
        readonly Operations: {
            /** Describe this API (OpenAPI 3.1) */
            readonly describeApi: {
                readonly answer: object;
            };
            /** Whether the process lives */
            readonly getHealth: {
                readonly answer: components["schemas"]["Health"];
            };
            /** Whether the hub can take traffic, or why not */
            readonly getReadiness: {
                readonly answer: components["schemas"]["Readiness"];
            };
            /** What the hub counts and measures, for Prometheus */
            readonly getMetrics: {
                /** Prometheus's text format */
                readonly answer: string;
            };
            /** Describe the streams: SSE, WebSocket, MQTT and NATS (AsyncAPI 3) */
            readonly describeStreams: {
                readonly answer: object;
            };
            /** Ask for a challenge to sign */
            readonly createChallenge: {
                readonly body: components["schemas"]["ChallengeRequest"];
                readonly answer: components["schemas"]["Challenge"];
            };
            /** Get a token for a signed challenge */
            readonly createToken: {
                readonly body: components["schemas"]["SignedChallenge"];
                readonly answer: components["schemas"]["Token"];
            };
            /** Keep the token in a cookie that opens streams */
            readonly createSession: {
                readonly answer: null;
            };
            /** Forget the cookie */
            readonly deleteSession: {
                readonly answer: null;
            };
            /** Public keys that verify the hub's tokens */
            readonly listTokenKeys: {
                readonly answer: components["schemas"]["JsonWebKeySet"];
            };
            /** Register a public key */
            readonly registerIdentity: {
                readonly body: components["schemas"]["NewIdentity"];
                readonly answer: components["schemas"]["Identity"];
            };
            /** Who the caller is */
            readonly getOwnIdentity: {
                readonly answer: components["schemas"]["IdentityWithKeys"];
            };
            /** Add a key, proved by a challenge signed with it */
            readonly addKey: {
                readonly body: components["schemas"]["SignedChallenge"];
                readonly answer: components["schemas"]["PublicKey"];
            };
            /** Take a key away; its tokens end */
            readonly removeKey: {
                readonly answer: null;
            };
            /** End an identity for good */
            readonly revokeIdentity: {
                readonly answer: null;
            };
            /** Create an organization */
            readonly createOrganization: {
                readonly body: components["schemas"]["NewOrganization"];
                readonly answer: components["schemas"]["Organization"];
            };
            /** List the caller's organizations */
            readonly listOrganizations: {
                readonly query: {
                    /**
                     * Items at most
                     * @default 1000
                     */
                    readonly limit?: number;
                    /** From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: readonly components["schemas"]["Organization"][];
            };
            /** Show an organization */
            readonly getOrganization: {
                readonly answer: components["schemas"]["Organization"];
            };
            /** Rename an organization, hand it over, or say how long its readings are kept */
            readonly updateOrganization: {
                readonly body: components["schemas"]["OrganizationSettings"];
                readonly answer: components["schemas"]["Organization"];
            };
            /** Delete an organization that has no gateways left */
            readonly deleteOrganization: {
                readonly answer: null;
            };
            /** List members */
            readonly listMembers: {
                readonly query: {
                    /**
                     * Items at most
                     * @default 1000
                     */
                    readonly limit?: number;
                    /** From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: readonly components["schemas"]["Member"][];
            };
            /** Add a member */
            readonly addMember: {
                readonly body: components["schemas"]["NewMember"];
                readonly answer: components["schemas"]["Member"];
            };
            /** Show a member */
            readonly getMember: {
                readonly answer: components["schemas"]["Member"];
            };
            /** Change a member's role or sites */
            readonly updateMember: {
                readonly body: components["schemas"]["MemberSettings"];
                readonly answer: components["schemas"]["Member"];
            };
            /** Remove a member; anybody may remove himself */
            readonly removeMember: {
                readonly answer: null;
            };
            /** Give a back end access; a generated private key is told once */
            readonly createIntegration: {
                readonly body: components["schemas"]["NewIntegration"];
                readonly answer: components["schemas"]["IntegrationWithKey"];
            };
            /** List the back ends that have access */
            readonly listIntegrations: {
                readonly query: {
                    /**
                     * Items at most
                     * @default 1000
                     */
                    readonly limit?: number;
                    /** From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: readonly components["schemas"]["Integration"][];
            };
            /** Show a back end that has access */
            readonly getIntegration: {
                readonly answer: components["schemas"]["Integration"];
            };
            /** Rename it, or change the sites that it sees, on its connections as well */
            readonly updateIntegration: {
                readonly body: components["schemas"]["IntegrationSettings"];
                readonly answer: components["schemas"]["Integration"];
            };
            /** Take access away, at once and for good */
            readonly revokeIntegration: {
                readonly answer: null;
            };
            /** Replace its key; the old one ends at once, and connections with it */
            readonly replaceIntegrationKey: {
                readonly body: components["schemas"]["KeyChoice"];
                readonly answer: components["schemas"]["IntegrationWithKey"];
            };
            /** List sites, of one organization or of all the caller's */
            readonly listSites: {
                readonly query: {
                    /**
                     * Items at most
                     * @default 1000
                     */
                    readonly limit?: number;
                    /** From the Link header of the page before */
                    readonly cursor?: string;
                    /** Only of this organization */
                    readonly org_id?: string;
                };
                readonly answer: readonly components["schemas"]["Site"][];
            };
            /** Create a site */
            readonly createSite: {
                readonly body: components["schemas"]["NewSite"];
                readonly answer: components["schemas"]["Site"];
            };
            /** Show a site with its devices */
            readonly getSite: {
                readonly answer: components["schemas"]["SiteWithDevices"];
            };
            /** Change a site; null takes an optional value away */
            readonly updateSite: {
                readonly body: components["schemas"]["SiteSettings"];
                readonly answer: components["schemas"]["Site"];
            };
            /** Delete a site on which nothing stands any more */
            readonly deleteSite: {
                readonly answer: null;
            };
            /** List a site's devices */
            readonly listSiteDevices: {
                readonly query: {
                    /**
                     * Items at most
                     * @default 1000
                     */
                    readonly limit?: number;
                    /** From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: readonly components["schemas"]["Device"][];
            };
            /** Claim a gateway for an organization, by the gateway's signature */
            readonly claimGateway: {
                readonly body: components["schemas"]["GatewayClaim"];
                readonly answer: components["schemas"]["Gateway"];
            };
            /** List gateways, of one organization or of all the caller's */
            readonly listGateways: {
                readonly query: {
                    /**
                     * Items at most
                     * @default 1000
                     */
                    readonly limit?: number;
                    /** From the Link header of the page before */
                    readonly cursor?: string;
                    /** Only of this organization */
                    readonly org_id?: string;
                };
                readonly answer: readonly components["schemas"]["Gateway"][];
            };
            /** Show a gateway with its devices */
            readonly getGateway: {
                readonly answer: components["schemas"]["GatewayWithDevices"];
            };
            /** Change a gateway's settings */
            readonly updateGateway: {
                readonly body: components["schemas"]["GatewaySettings"];
                readonly answer: components["schemas"]["Gateway"];
            };
            /** Release a gateway; its devices stay behind, orphaned */
            readonly releaseGateway: {
                readonly answer: null;
            };
            /** Make a device known, or add to one that is */
            readonly provisionDevice: {
                readonly body: components["schemas"]["NewDevice"];
                readonly answer: components["schemas"]["ProvisionedDevice"];
            };
            /** Show a device */
            readonly getDevice: {
                readonly answer: components["schemas"]["Device"];
            };
            /** Change a device, or move it to another site of its organization */
            readonly updateDevice: {
                readonly body: components["schemas"]["DeviceSettings"];
                readonly answer: components["schemas"]["Device"];
            };
            /** Delete a device with its DERs */
            readonly deleteDevice: {
                readonly answer: null;
            };
            /** Add a DER to a device */
            readonly addDer: {
                readonly body: components["schemas"]["NewDer"];
                readonly answer: components["schemas"]["DerWithDevice"];
            };
            /** Show a DER */
            readonly getDer: {
                readonly answer: components["schemas"]["DerWithDevice"];
            };
            /** Upload a gateway's readings */
            readonly uploadTelemetry: {
                readonly body: readonly components["schemas"]["UploadedReading"][] | components["schemas"]["UploadedReading"];
                readonly answer: components["schemas"]["UploadAnswer"];
            };
            /** Read a gateway's last state and inventory */
            readonly getGatewayState: {
                readonly answer: components["schemas"]["GatewayState"];
            };
            /** Make a consumer that replays stored readings from a position and then follows */
            readonly createConsumer: {
                readonly body: components["schemas"]["NewConsumer"];
                readonly answer: components["schemas"]["Consumer"];
            };
            /** List an integration's consumers */
            readonly listConsumers: {
                readonly query: {
                    /** Whose consumer it is; an integration asks for its own */
                    readonly integration_id?: string;
                };
                readonly answer: readonly components["schemas"]["Consumer"][];
            };
            /** Show how far a consumer is */
            readonly getConsumer: {
                readonly query: {
                    /** Whose consumer it is; an integration asks for its own */
                    readonly integration_id?: string;
                };
                readonly answer: components["schemas"]["Consumer"];
            };
            /** Delete a consumer */
            readonly deleteConsumer: {
                readonly query: {
                    /** Whose consumer it is; an integration asks for its own */
                    readonly integration_id?: string;
                };
                readonly answer: null;
            };
            /** Put a consumer to another position */
            readonly resetConsumer: {
                readonly query: {
                    /** Whose consumer it is; an integration asks for its own */
                    readonly integration_id?: string;
                };
                readonly body: components["schemas"]["ConsumerPosition"];
                readonly answer: components["schemas"]["Consumer"];
            };
            /** What a back end needs to log in to NATS, with a program to begin with */
            readonly getNatsCredentials: {
                readonly query: {
                    /** Of this organization */
                    readonly org_id?: string;
                    /** Of this integration; one asks for its own */
                    readonly integration_id?: string;
                };
                readonly answer: components["schemas"]["NatsCredentials"];
            };
            /** List a gateway's refused readings of the last 24 hours, newest first */
            readonly listRejections: {
                readonly query: {
                    /**
                     * Rejections at most
                     * @default 100
                     */
                    readonly limit?: number;
                    /** From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: readonly components["schemas"]["Rejection"][];
            };
            /** Tell how the DERs and gateways of a site do, since when and why */
            readonly getSiteStatus: {
                readonly answer: components["schemas"]["SiteStatus"];
            };
            /** Tell how a gateway and the DERs behind it do, since when and why */
            readonly getGatewayStatus: {
                readonly answer: components["schemas"]["GatewayStatus"];
            };
            /** Read the telemetry of a DER in a stretch of time */
            readonly readDerTelemetry: {
                readonly query: {
                    /** Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is */
                    readonly from: string;
                    /** Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is. Default: now, and five minutes more for clocks that are fast */
                    readonly to?: string;
                    /**
                     * raw: every reading. Else one row for each DER and so much time; auto: the least with max_points at most
                     * @default auto
                     * @enum {string}
                     */
                    readonly resolution?: "auto" | "raw" | "1s" | "2s" | "5s" | "10s" | "15s" | "30s" | "1m" | "2m" | "5m" | "10m" | "15m" | "30m" | "1h" | "2h" | "3h" | "6h" | "12h" | "1d";
                    /** Members, separated by commas. Default: with raw all, else all numbers */
                    readonly fields?: string;
                    /** Out of mean, min, max, first, last, separated by commas, or lttb alone. Default: mean */
                    readonly agg?: string;
                    /**
                     * Rows where nothing was sent: none, with null, or with the values before
                     * @default none
                     * @enum {string}
                     */
                    readonly fill?: "none" | "null" | "previous";
                    /** Rows of one DER at most. Default: 1000 with auto and lttb */
                    readonly max_points?: number;
                    /** IANA time zone of hours and days. Default: the site's */
                    readonly tz?: string;
                    /** Readings in a page of raw. Default: 1000 */
                    readonly limit?: number;
                    /** From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: components["schemas"]["Telemetry"];
            };
            /** Read the telemetry of all DERs of a device in a stretch of time */
            readonly readDeviceTelemetry: {
                readonly query: {
                    /** Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is */
                    readonly from: string;
                    /** Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is. Default: now, and five minutes more for clocks that are fast */
                    readonly to?: string;
                    /**
                     * raw: every reading. Else one row for each DER and so much time; auto: the least with max_points at most
                     * @default auto
                     * @enum {string}
                     */
                    readonly resolution?: "auto" | "raw" | "1s" | "2s" | "5s" | "10s" | "15s" | "30s" | "1m" | "2m" | "5m" | "10m" | "15m" | "30m" | "1h" | "2h" | "3h" | "6h" | "12h" | "1d";
                    /** Members, separated by commas. Default: with raw all, else all numbers */
                    readonly fields?: string;
                    /** Out of mean, min, max, first, last, separated by commas, or lttb alone. Default: mean */
                    readonly agg?: string;
                    /**
                     * Rows where nothing was sent: none, with null, or with the values before
                     * @default none
                     * @enum {string}
                     */
                    readonly fill?: "none" | "null" | "previous";
                    /** Rows of one DER at most. Default: 1000 with auto and lttb */
                    readonly max_points?: number;
                    /** IANA time zone of hours and days. Default: the site's */
                    readonly tz?: string;
                    /** Readings in a page of raw. Default: 1000 */
                    readonly limit?: number;
                    /** From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: components["schemas"]["Telemetry"];
            };
            /** Read the telemetry of all DERs of a site in a stretch of time */
            readonly readSiteTelemetry: {
                readonly query: {
                    /** Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is */
                    readonly from: string;
                    /** Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is. Default: now, and five minutes more for clocks that are fast */
                    readonly to?: string;
                    /**
                     * raw: every reading. Else one row for each DER and so much time; auto: the least with max_points at most
                     * @default auto
                     * @enum {string}
                     */
                    readonly resolution?: "auto" | "raw" | "1s" | "2s" | "5s" | "10s" | "15s" | "30s" | "1m" | "2m" | "5m" | "10m" | "15m" | "30m" | "1h" | "2h" | "3h" | "6h" | "12h" | "1d";
                    /** Members, separated by commas. Default: with raw all, else all numbers */
                    readonly fields?: string;
                    /** Out of mean, min, max, first, last, separated by commas, or lttb alone. Default: mean */
                    readonly agg?: string;
                    /**
                     * Rows where nothing was sent: none, with null, or with the values before
                     * @default none
                     * @enum {string}
                     */
                    readonly fill?: "none" | "null" | "previous";
                    /** Rows of one DER at most. Default: 1000 with auto and lttb */
                    readonly max_points?: number;
                    /** IANA time zone of hours and days. Default: the site's */
                    readonly tz?: string;
                    /** Readings in a page of raw. Default: 1000 */
                    readonly limit?: number;
                    /** From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: components["schemas"]["Telemetry"];
            };
            /** Read the newest reading of each DER of an organization or site, or of one DER */
            readonly readLatestTelemetry: {
                readonly query: {
                    /** All that the caller sees of this organization */
                    readonly org_id?: string;
                    /** All of this site */
                    readonly site_id?: string;
                    /** This one alone */
                    readonly der_id?: string;
                    /**
                     * Devices in a page; the DERs of a device come together
                     * @default 200
                     */
                    readonly limit?: number;
                    /** From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: components["schemas"]["LatestTelemetry"];
            };
            /** Read a site's energy by quarters, hours, days or months of its time zone */
            readonly getSiteEnergy: {
                readonly query: {
                    /** Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is */
                    readonly from: string;
                    /** Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is. Default: now */
                    readonly to?: string;
                    /**
                     * How long a period is; days and months as the site's calendar has them
                     * @default 1d
                     * @enum {string}
                     */
                    readonly resolution?: "15m" | "1h" | "1d" | "1mo";
                };
                readonly answer: components["schemas"]["SiteEnergy"];
            };
            /** Stream the readings of a site */
            readonly streamSite: {
                readonly query: {
                    /** Sites of GET /stream, repeated or separated by commas */
                    readonly site?: string | readonly string[];
                    /** Only these types of reading */
                    readonly types?: string | readonly string[];
                    /** Only these devices */
                    readonly devices?: string | readonly string[];
                    /** Only these DERs */
                    readonly ders?: string | readonly string[];
                    /** Start in the past: epoch milliseconds, ISO-8601 time or cursor */
                    readonly since?: string | readonly string[];
                    /** Start right after this position; a Last-Event-ID wins over it */
                    readonly cursor?: string | readonly string[];
                    /** At most one reading per DER in this time; implies mode=latest */
                    readonly min_interval_ms?: string | readonly string[];
                    /** all (default) or latest */
                    readonly mode?: string | readonly string[];
                    /** true: begin with the last reading of each DER */
                    readonly snapshot?: string | readonly string[];
                    /** true: tell whether each DER is online, stale or offline (with events=all) */
                    readonly liveness?: string | readonly string[];
                    /** all: control events (reset, caught_up, token_expiring, …) by name, not as comments */
                    readonly events?: string | readonly string[];
                };
                /** Events, until one of both sides ends it */
                readonly answer: string;
            };
            /** Stream the readings of all sites of an organization that the caller sees */
            readonly streamOrganization: {
                readonly query: {
                    /** Sites of GET /stream, repeated or separated by commas */
                    readonly site?: string | readonly string[];
                    /** Only these types of reading */
                    readonly types?: string | readonly string[];
                    /** Only these devices */
                    readonly devices?: string | readonly string[];
                    /** Only these DERs */
                    readonly ders?: string | readonly string[];
                    /** Start in the past: epoch milliseconds, ISO-8601 time or cursor */
                    readonly since?: string | readonly string[];
                    /** Start right after this position; a Last-Event-ID wins over it */
                    readonly cursor?: string | readonly string[];
                    /** At most one reading per DER in this time; implies mode=latest */
                    readonly min_interval_ms?: string | readonly string[];
                    /** all (default) or latest */
                    readonly mode?: string | readonly string[];
                    /** true: begin with the last reading of each DER */
                    readonly snapshot?: string | readonly string[];
                    /** true: tell whether each DER is online, stale or offline (with events=all) */
                    readonly liveness?: string | readonly string[];
                    /** all: control events (reset, caught_up, token_expiring, …) by name, not as comments */
                    readonly events?: string | readonly string[];
                };
                /** Events, until one of both sides ends it */
                readonly answer: string;
            };
            /** Stream the readings of several sites */
            readonly streamSites: {
                readonly query: {
                    /** Sites of GET /stream, repeated or separated by commas */
                    readonly site?: string | readonly string[];
                    /** Only these types of reading */
                    readonly types?: string | readonly string[];
                    /** Only these devices */
                    readonly devices?: string | readonly string[];
                    /** Only these DERs */
                    readonly ders?: string | readonly string[];
                    /** Start in the past: epoch milliseconds, ISO-8601 time or cursor */
                    readonly since?: string | readonly string[];
                    /** Start right after this position; a Last-Event-ID wins over it */
                    readonly cursor?: string | readonly string[];
                    /** At most one reading per DER in this time; implies mode=latest */
                    readonly min_interval_ms?: string | readonly string[];
                    /** all (default) or latest */
                    readonly mode?: string | readonly string[];
                    /** true: begin with the last reading of each DER */
                    readonly snapshot?: string | readonly string[];
                    /** true: tell whether each DER is online, stale or offline (with events=all) */
                    readonly liveness?: string | readonly string[];
                    /** all: control events (reset, caught_up, token_expiring, …) by name, not as comments */
                    readonly events?: string | readonly string[];
                };
                /** Events, until one of both sides ends it */
                readonly answer: string;
            };
            /** Get a ticket that opens streams of some sites */
            readonly createTicket: {
                readonly body: components["schemas"]["NewTicket"];
                readonly answer: components["schemas"]["Ticket"];
            };
            /** Open a WebSocket that speaks novacore.v1 */
            readonly openWebSocket: {
                readonly answer: null;
            };
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
/** Text that only the holder of a key can sign; it is good once and for a short time */
export type Challenge = components['schemas']['Challenge'];
/** Whose key the challenge is for */
export type ChallengeRequest = components['schemas']['ChallengeRequest'];
/** A durable consumer by which a back end reads stored readings over NATS, and how far it is */
export type Consumer = components['schemas']['Consumer'];
/** Where a consumer is to go on: one of since, cursor and start */
export type ConsumerPosition = components['schemas']['ConsumerPosition'];
/** What reports: a battery, a meter, a port of a charger */
export type Der = components['schemas']['Der'];
/** How a DER does, since when and why */
export type DerStatus = components['schemas']['DerStatus'];
/** A DER, and the device that it is part of */
export type DerWithDevice = components['schemas']['DerWithDevice'];
/** What is behind a gateway, with its DERs */
export type Device = components['schemas']['Device'];
/** What of a device can be changed */
export type DeviceSettings = components['schemas']['DeviceSettings'];
/** Energy in a stretch of time; values are at least 0, and null where there is no such DER or it did not report */
export type EnergyPeriod = components['schemas']['EnergyPeriod'];
/** What devices are behind */
export type Gateway = components['schemas']['Gateway'];
/** Proof that the claimer has the gateway: its own signature */
export type GatewayClaim = components['schemas']['GatewayClaim'];
/** Whether a gateway is connected, how its clock goes and what it sent wrong last */
export type GatewayPresence = components['schemas']['GatewayPresence'];
/** What of a gateway can be changed */
export type GatewaySettings = components['schemas']['GatewaySettings'];
/** What a gateway said last of itself and of its drivers */
export type GatewayState = components['schemas']['GatewayState'];
/** How a gateway and the DERs behind it do */
export type GatewayStatus = components['schemas']['GatewayStatus'];
/** A gateway, and the devices behind it */
export type GatewayWithDevices = components['schemas']['GatewayWithDevices'];
/** That the process lives, and its version */
export type Health = components['schemas']['Health'];
/** Somebody or something that logs in with a key */
export type Identity = components['schemas']['Identity'];
/** An identity, and the keys that it logs in with */
export type IdentityWithKeys = components['schemas']['IdentityWithKeys'];
/** A back end that an organization lets in */
export type Integration = components['schemas']['Integration'];
/** What of an integration can be changed */
export type IntegrationSettings = components['schemas']['IntegrationSettings'];
/** An integration, and the private key that the hub has just made for it */
export type IntegrationWithKey = components['schemas']['IntegrationWithKey'];
/** Public keys as RFC 7517 has them */
export type JsonWebKeySet = components['schemas']['JsonWebKeySet'];
/** A key that the integration brings, or that the hub makes */
export type KeyChoice = components['schemas']['KeyChoice'];
/** The newest reading of each DER, and how the DER does */
export type LatestTelemetry = components['schemas']['LatestTelemetry'];
/** Somebody's place in an organization */
export type Member = components['schemas']['Member'];
/** A role, and the sites that it is limited to */
export type MemberSettings = components['schemas']['MemberSettings'];
/** What a back end's program needs to log in to NATS, but for its private key */
export type NatsCredentials = components['schemas']['NatsCredentials'];
/** A consumer to be made, and where it starts */
export type NewConsumer = components['schemas']['NewConsumer'];
/** A DER to be made */
export type NewDer = components['schemas']['NewDer'];
/** A device to be made known, or to get more DERs */
export type NewDevice = components['schemas']['NewDevice'];
/** A key to be registered */
export type NewIdentity = components['schemas']['NewIdentity'];
/** A back end to be let in */
export type NewIntegration = components['schemas']['NewIntegration'];
/** Somebody to be taken into an organization */
export type NewMember = components['schemas']['NewMember'];
/** An organization to be made */
export type NewOrganization = components['schemas']['NewOrganization'];
/** A site to be made */
export type NewSite = components['schemas']['NewSite'];
/** Whose streams a ticket is to open: site_ids or org_id */
export type NewTicket = components['schemas']['NewTicket'];
/** Who owns sites and gateways; nothing crosses from one to another */
export type Organization = components['schemas']['Organization'];
/** What of an organization can be changed */
export type OrganizationSettings = components['schemas']['OrganizationSettings'];
/** A device that is known now, and whether it is new */
export type ProvisionedDevice = components['schemas']['ProvisionedDevice'];
/** A key that an identity logs in with */
export type PublicKey = components['schemas']['PublicKey'];
/** Whether the hub can take traffic, and what it has looked at */
export type Readiness = components['schemas']['Readiness'];
/** A reading that was not taken, and why */
export type Rejection = components['schemas']['Rejection'];
/** A challenge, signed with the key that it is for */
export type SignedChallenge = components['schemas']['SignedChallenge'];
/** Where devices stand */
export type Site = components['schemas']['Site'];
/** What a site imported, produced and used, by periods; docs/energy.md says how it is counted */
export type SiteEnergy = components['schemas']['SiteEnergy'];
/** What of a site can be changed; null takes an optional value away */
export type SiteSettings = components['schemas']['SiteSettings'];
/** How the DERs and gateways of a site do */
export type SiteStatus = components['schemas']['SiteStatus'];
/** A site, and the devices that stand on it */
export type SiteWithDevices = components['schemas']['SiteWithDevices'];
/** What DERs reported in a stretch of time */
export type Telemetry = components['schemas']['Telemetry'];
/** Opens streams of some sites for a while, for clients that cannot send a token */
export type Ticket = components['schemas']['Ticket'];
/** What requests are authorized with, as Authorization: Bearer */
export type Token = components['schemas']['Token'];
/** What became of each reading of an upload */
export type UploadAnswer = components['schemas']['UploadAnswer'];
/** A reading in its canonical form, and the DER that it is of */
export type UploadedReading = components['schemas']['UploadedReading'];
/** What each operation takes and gives, by its operationId */
export type Operations = components['schemas']['Operations'];
