// Made from the hub's /openapi.json by "npm run api-types"; a test tells when it is not current.
// layout: one document, one file.
import type { EnrichedReading, Reading } from "@novacore/protocol";

export interface components {
    schemas: {
        /** Challenge */
        readonly Challenge: {
            /** @description To be signed as it is */
            readonly challenge: string;
            /**
             * Format: date-time
             * @description ISO-8601, UTC
             */
            readonly expires_at: string;
        };
        /** ChallengeRequest */
        readonly ChallengeRequest: {
            /** @description P-256 as hex or base64(url) of X‖Y or 04‖X‖Y; Ed25519 as hex, base64(url) or base58; or PEM, SPKI, JWK */
            readonly public_key: string | object;
        };
        /** Consumer */
        readonly Consumer: {
            readonly name: string;
            readonly org_id: string;
            readonly integration_id: string;
            readonly stream: string;
            /** @description Its name in NATS, for the client library */
            readonly consumer: string;
            readonly sites: readonly string[] | null;
            readonly types: readonly ("pv" | "battery" | "meter" | "v2x_charger" | "ev_charger" | "inverter")[] | null;
            /** @enum {string} */
            readonly ack: "explicit" | "none";
            /** @enum {string} */
            readonly start: "position" | "last_per_der";
            /** @description A position; SSE and WebSocket take it as well */
            readonly starts_at: string;
            /** @description How many subjects it reads */
            readonly filter_subjects: number;
            /** @description More DERs match than it can name, so it reads every type of their sites */
            readonly widened: boolean;
            /** @description Readings that match and are still to be delivered */
            readonly pending: number;
            /** @description Delivered and not acknowledged */
            readonly ack_pending: number;
            /** @description A position; SSE and WebSocket take it as well */
            readonly delivered: string;
            /** @description A position; SSE and WebSocket take it as well */
            readonly acknowledged: string;
            /**
             * Format: date-time
             * @description ISO-8601, UTC
             */
            readonly created_at: string;
        };
        /** ConsumerPosition */
        readonly ConsumerPosition: {
            readonly integration_id?: string;
            /** @description When it was stored, by the hub's clock; epoch milliseconds or ISO-8601; 0 is everything */
            readonly since?: number | string;
            /** @description Everything after what this cursor came with */
            readonly cursor?: string;
            /**
             * @description Only what comes; or first the newest reading of each DER
             * @enum {string}
             */
            readonly start?: "new" | "last_per_der";
            /** @description Start with the oldest kept when since or cursor is older than that */
            readonly from_oldest?: boolean;
        };
        /** Der */
        readonly Der: {
            readonly id: string;
            readonly name: string;
            /** @enum {string} */
            readonly type: "solar" | "pv" | "battery" | "meter" | "inverter" | "ev_charger_port" | "ev_port" | "ev" | "ev_charger" | "v2x_charger";
        };
        /** DerStatus */
        readonly DerStatus: {
            readonly der_id: string;
            readonly der_name: string;
            readonly type: ("pv" | "battery" | "meter" | "v2x_charger" | "ev_charger" | "inverter") | null;
            readonly device_id: string;
            readonly site_id: string;
            readonly gateway_serial: string;
            /** @enum {string} */
            readonly state: "online" | "stale" | "offline";
            /** @description When it came back online (null: longer ago than the hub has looked), or when its last reading reached the hub, or when it was made; hub clock, epoch ms */
            readonly since: number | null;
            /** @description Why it is not online, as far as the hub knows */
            readonly why: ("device_silent" | "gateway_disconnected" | "rejected" | "never_reported") | null;
            /** @description Since the last reading reached the hub */
            readonly age_ms: number | null;
            /** @description When that was; hub clock, epoch ms */
            readonly received_at: number | null;
            /** @description When the newest reading was taken; gateway clock, epoch ms */
            readonly timestamp: number | null;
            /** @description Since then: how old the last values are */
            readonly timestamp_age_ms: number | null;
        };
        /** DerWithDevice */
        readonly DerWithDevice: {
            readonly id: string;
            readonly name: string;
            /** @enum {string} */
            readonly type: "solar" | "pv" | "battery" | "meter" | "inverter" | "ev_charger_port" | "ev_port" | "ev" | "ev_charger" | "v2x_charger";
            readonly device_id: string;
            /**
             * Format: date-time
             * @description ISO-8601, UTC
             */
            readonly created_at: string;
        };
        /** Device */
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
             * @description ISO-8601, UTC
             */
            readonly created_at: string;
            readonly ders: readonly components["schemas"]["Der"][];
        };
        /** DeviceSettings */
        readonly DeviceSettings: {
            readonly name?: string;
            readonly site_id?: string;
            readonly manufacturer?: string;
            readonly model?: string;
        };
        /** EnergyPeriod */
        readonly EnergyPeriod: {
            /**
             * Format: date-time
             * @description Start, part of it; ISO-8601, the site's offset
             */
            readonly start: string;
            /**
             * Format: date-time
             * @description End, no part of it; ISO-8601, the site's offset
             */
            readonly end: string;
            /** @description From the grid, by all meters */
            readonly imported_kWh: number | null;
            /** @description To the grid, by all meters */
            readonly exported_kWh: number | null;
            /** @description By all pv; by inverters where the site has neither pv nor battery */
            readonly produced_kWh: number | null;
            /** @description Into batteries */
            readonly charged_kWh: number | null;
            /** @description Out of batteries */
            readonly discharged_kWh: number | null;
            /** @description Into cars */
            readonly ev_charged_kWh: number | null;
            /** @description Out of cars */
            readonly ev_discharged_kWh: number | null;
            /** @description imported − exported + produced + discharged − charged: cars are part of it */
            readonly consumed_kWh: number | null;
            /** @description Share of produced that was not exported */
            readonly self_consumption: number | null;
            /** @description Share of consumed that was not imported */
            readonly self_sufficiency: number | null;
            /** @description Where each value is from: lifetime counters, power integrated over time, or both */
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
            /** @description Time without readings, more than 15 minutes between two of them, of the DER that was missing longest. What a counter grew in it is in the value, shared out evenly; of power it is not */
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
        /** Gateway */
        readonly Gateway: {
            readonly id: string;
            readonly serial: string;
            readonly gateway_serial: string;
            readonly org_id: string | null;
            /**
             * @description How this gateway signs a battery's W: canonical is + charging
             * @enum {string}
             */
            readonly battery_sign: "canonical" | "negated";
            /** @description ISO-8601, UTC */
            readonly claimed_at: string | null;
            /**
             * Format: date-time
             * @description ISO-8601, UTC
             */
            readonly created_at: string;
        };
        /** GatewayClaim */
        readonly GatewayClaim: {
            readonly org_id: string;
            readonly gateway_serial: string;
            /** @description P-256 as hex or base64(url) of X‖Y or 04‖X‖Y; Ed25519 as hex, base64(url) or base58; or PEM, SPKI, JWK */
            readonly public_key: string | object;
            /** @description claimer|nonce|time|serial, as the gateway signed it */
            readonly message: string;
            /** @description r‖s or DER (P-256), 64 bytes (Ed25519); as hex, base64 or base64url */
            readonly signature: string;
        };
        /** GatewayPresence */
        readonly GatewayPresence: {
            readonly serial: string;
            /** @description Over NATS, MQTT or a WebSocket; a gateway that only uploads never is */
            readonly connected: boolean;
            /** @description Since when it is connected, or is not any more; null: not known; hub clock, epoch ms */
            readonly since: number | null;
            /** @description When a reading or a word about itself came last, as far as this hub knows; hub clock, epoch ms */
            readonly last_seen: number | null;
            /** @description How far its clock is ahead of the hub's; negative: behind */
            readonly clock_drift_ms: number | null;
            /** @description How long its last reads took, by their median */
            readonly read_time_ms: number | null;
            /** @description From the timestamps of its last readings to their arrival */
            readonly lateness: {
                readonly last_ms: number;
                readonly median_ms: number;
                readonly max_ms: number;
            } | null;
            readonly last_rejection: {
                readonly received_at: number;
                readonly hardware_id?: string;
                readonly der?: string;
                /** @description A code of docs/errors.md */
                readonly error: string;
                readonly message: string;
                /** @description JSON pointer of the member at fault */
                readonly path?: string;
            } | null;
        };
        /** GatewaySettings */
        readonly GatewaySettings: {
            /**
             * @description How this gateway signs a battery's W: canonical is + charging
             * @enum {string}
             */
            readonly battery_sign?: "canonical" | "negated";
        };
        /** GatewayState */
        readonly GatewayState: {
            readonly state: {
                /** @description When the hub got it, hub clock, epoch ms */
                readonly received_at: number;
                /** @description As the gateway sent it, unchecked */
                readonly value: unknown;
            } | null;
            readonly inventory: {
                /** @description When the hub got it, hub clock, epoch ms */
                readonly received_at: number;
                /** @description As the gateway sent it, unchecked */
                readonly value: unknown;
            } | null;
        };
        /** GatewayStatus */
        readonly GatewayStatus: {
            readonly serial: string;
            /** @description Over NATS, MQTT or a WebSocket; a gateway that only uploads never is */
            readonly connected: boolean;
            /** @description Since when it is connected, or is not any more; null: not known; hub clock, epoch ms */
            readonly since: number | null;
            /** @description When a reading or a word about itself came last, as far as this hub knows; hub clock, epoch ms */
            readonly last_seen: number | null;
            /** @description How far its clock is ahead of the hub's; negative: behind */
            readonly clock_drift_ms: number | null;
            /** @description How long its last reads took, by their median */
            readonly read_time_ms: number | null;
            /** @description From the timestamps of its last readings to their arrival */
            readonly lateness: {
                readonly last_ms: number;
                readonly median_ms: number;
                readonly max_ms: number;
            } | null;
            readonly last_rejection: {
                readonly received_at: number;
                readonly hardware_id?: string;
                readonly der?: string;
                /** @description A code of docs/errors.md */
                readonly error: string;
                readonly message: string;
                /** @description JSON pointer of the member at fault */
                readonly path?: string;
            } | null;
            readonly ders: readonly components["schemas"]["DerStatus"][];
        };
        /** GatewayWithDevices */
        readonly GatewayWithDevices: {
            readonly id: string;
            readonly serial: string;
            readonly gateway_serial: string;
            readonly org_id: string | null;
            /**
             * @description How this gateway signs a battery's W: canonical is + charging
             * @enum {string}
             */
            readonly battery_sign: "canonical" | "negated";
            /** @description ISO-8601, UTC */
            readonly claimed_at: string | null;
            /**
             * Format: date-time
             * @description ISO-8601, UTC
             */
            readonly created_at: string;
            readonly devices: readonly components["schemas"]["Device"][];
        };
        /** Health */
        readonly Health: {
            readonly status: string;
            readonly version: string;
            /** @description Version of nats-server */
            readonly nats_server: string;
            /** @description fsync, replicated or page-cache */
            readonly durability: string;
        };
        /** Identity */
        readonly Identity: {
            readonly id: string;
            /** @enum {string} */
            readonly type: "user" | "developer" | "integration" | "gateway" | "device" | "admin" | "root";
            readonly name: string | null;
            /**
             * Format: date-time
             * @description ISO-8601, UTC
             */
            readonly created_at: string;
        };
        /** IdentityWithKeys */
        readonly IdentityWithKeys: {
            readonly id: string;
            /** @enum {string} */
            readonly type: "user" | "developer" | "integration" | "gateway" | "device" | "admin" | "root";
            readonly name: string | null;
            /**
             * Format: date-time
             * @description ISO-8601, UTC
             */
            readonly created_at: string;
            readonly public_keys: readonly string[];
        };
        /** Integration */
        readonly Integration: {
            readonly id: string;
            readonly org_id: string;
            readonly name: string | null;
            readonly scopes: readonly "telemetry:read"[];
            readonly site_ids: readonly string[] | null;
            /** @description Hex */
            readonly public_key: string | null;
            readonly created_by: string;
            /**
             * Format: date-time
             * @description ISO-8601, UTC
             */
            readonly created_at: string;
            /** @description ISO-8601, UTC */
            readonly last_seen_at: string | null;
        };
        /** IntegrationSettings */
        readonly IntegrationSettings: {
            readonly name?: string;
            readonly site_ids?: readonly string[] | null;
        };
        /** IntegrationWithKey */
        readonly IntegrationWithKey: {
            readonly id: string;
            readonly org_id: string;
            readonly name: string | null;
            readonly scopes: readonly "telemetry:read"[];
            readonly site_ids: readonly string[] | null;
            /** @description Hex */
            readonly public_key: string | null;
            readonly created_by: string;
            /**
             * Format: date-time
             * @description ISO-8601, UTC
             */
            readonly created_at: string;
            /** @description ISO-8601, UTC */
            readonly last_seen_at: string | null;
            readonly private_key?: {
                readonly pem: string;
                readonly jwk: {
                    readonly [key: string]: string;
                };
            };
        };
        /** JsonWebKeySet */
        readonly JsonWebKeySet: {
            readonly keys: readonly {
                readonly [key: string]: unknown;
            }[];
        };
        /** KeyChoice */
        readonly KeyChoice: {
            /** @description P-256 as hex or base64(url) of X‖Y or 04‖X‖Y; Ed25519 as hex, base64(url) or base58; or PEM, SPKI, JWK */
            readonly public_key?: string | object;
            /**
             * @description The hub makes an ES256 key pair
             * @enum {boolean}
             */
            readonly generate?: true;
        };
        /** LatestTelemetry */
        readonly LatestTelemetry: {
            /** @description A live stream from here has what comes after */
            readonly cursor: string;
            readonly data: readonly {
                readonly der_id: string;
                readonly der_name: string;
                readonly device_id: string;
                readonly site_id: string;
                readonly type: ("pv" | "battery" | "meter" | "v2x_charger" | "ev_charger" | "inverter") | null;
                /** @enum {string} */
                readonly state: "online" | "stale" | "offline";
                /** @description As in the site's status; hub clock, epoch ms */
                readonly since: number | null;
                readonly why: ("device_silent" | "gateway_disconnected" | "rejected" | "never_reported") | null;
                /** @description Since the last reading reached the hub */
                readonly age_ms: number | null;
                readonly reading: EnrichedReading | null;
            }[];
        };
        /** Member */
        readonly Member: {
            readonly org_id: string;
            readonly identity_id: string;
            /** @enum {string} */
            readonly role: "owner" | "admin" | "operator" | "viewer";
            readonly site_ids: readonly string[] | null;
            /**
             * Format: date-time
             * @description ISO-8601, UTC
             */
            readonly created_at: string;
        };
        /** MemberSettings */
        readonly MemberSettings: {
            /** @enum {string} */
            readonly role: "owner" | "admin" | "operator" | "viewer";
            /** @description Only these sites: for operators and viewers */
            readonly site_ids?: readonly string[] | null;
        };
        /** NatsCredentials */
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
            /** @description Of the stream's cursors, epoch ms */
            readonly stream_epoch: number;
            readonly jetstream_domain: string;
            /** @description Names that its consumers can have */
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
        /** NewConsumer */
        readonly NewConsumer: {
            /** @description Name of the consumer */
            readonly name: string;
            readonly org_id?: string;
            readonly integration_id?: string;
            readonly sites?: readonly string[];
            readonly types?: readonly ("pv" | "battery" | "meter" | "v2x_charger" | "ev_charger" | "inverter")[];
            /** @enum {string} */
            readonly ack?: "explicit" | "none";
            /** @description When it was stored, by the hub's clock; epoch milliseconds or ISO-8601; 0 is everything */
            readonly since?: number | string;
            /** @description Everything after what this cursor came with */
            readonly cursor?: string;
            /**
             * @description Only what comes; or first the newest reading of each DER
             * @enum {string}
             */
            readonly start?: "new" | "last_per_der";
            /** @description Start with the oldest kept when since or cursor is older than that */
            readonly from_oldest?: boolean;
        };
        /** NewDer */
        readonly NewDer: {
            /** @description By which its gateway names it */
            readonly name: string;
            /** @enum {string} */
            readonly type: "solar" | "pv" | "battery" | "meter" | "inverter" | "ev_charger_port" | "ev_port" | "ev" | "ev_charger" | "v2x_charger";
        };
        /** NewDevice */
        readonly NewDevice: {
            /** @description Serial of the gateway that it is behind */
            readonly gateway_serial?: string;
            /** @description Another name of gateway_serial */
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
        /** NewIdentity */
        readonly NewIdentity: {
            /** @description P-256 as hex or base64(url) of X‖Y or 04‖X‖Y; Ed25519 as hex, base64(url) or base58; or PEM, SPKI, JWK */
            readonly public_key: string | object;
            /** @enum {string} */
            readonly type: "user" | "developer" | "integration" | "gateway" | "device" | "admin" | "root";
            readonly name?: string;
        };
        /** NewIntegration */
        readonly NewIntegration: {
            /** @description P-256 as hex or base64(url) of X‖Y or 04‖X‖Y; Ed25519 as hex, base64(url) or base58; or PEM, SPKI, JWK */
            readonly public_key?: string | object;
            /**
             * @description The hub makes an ES256 key pair
             * @enum {boolean}
             */
            readonly generate?: true;
            readonly name: string;
            readonly scopes: readonly "telemetry:read"[];
            readonly site_ids?: readonly string[] | null;
        };
        /** NewMember */
        readonly NewMember: {
            /** @enum {string} */
            readonly role: "owner" | "admin" | "operator" | "viewer";
            /** @description Only these sites: for operators and viewers */
            readonly site_ids?: readonly string[] | null;
            readonly identity_id: string;
        };
        /** NewOrganization */
        readonly NewOrganization: {
            readonly name: string;
        };
        /** NewSite */
        readonly NewSite: {
            readonly org_id: string;
            readonly name: string;
            /** @description IANA name */
            readonly timezone?: string | null;
            readonly latitude?: number | null;
            readonly longitude?: number | null;
        };
        /** NewTicket */
        readonly NewTicket: {
            /** @description These sites */
            readonly site_ids?: readonly string[];
            /** @description All sites of the organization that the caller sees now */
            readonly org_id?: string;
        };
        /** Organization */
        readonly Organization: {
            readonly id: string;
            readonly name: string;
            readonly owner_id: string;
            /** @description Days that the archive keeps readings; null: for ever */
            readonly retention_days: number | null;
            /**
             * Format: date-time
             * @description ISO-8601, UTC
             */
            readonly created_at: string;
        };
        /** OrganizationSettings */
        readonly OrganizationSettings: {
            readonly name?: string;
            readonly owner_id?: string;
            /** @description Days that the archive keeps readings, by their timestamp; null: for ever */
            readonly retention_days?: number | null;
        };
        /** ProvisionedDevice */
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
        /** PublicKey */
        readonly PublicKey: {
            /** @description Hex */
            readonly public_key: string;
        };
        /** Readiness */
        readonly Readiness: {
            /** @enum {string} */
            readonly status: "ready" | "not_ready";
            readonly checks: readonly {
                readonly name: string;
                readonly ok: boolean;
                /** @description Why it is not */
                readonly reason?: string;
            }[];
        };
        /** Rejection */
        readonly Rejection: {
            /** @description When the hub got it, hub clock, epoch ms */
            readonly received_at: number;
            readonly gateway_serial: string;
            /** @description As the gateway wrote it */
            readonly hardware_id?: string;
            /** @description As the gateway wrote it */
            readonly der?: string;
            /** @description A code of docs/errors.md */
            readonly error: string;
            readonly message: string;
            /** @description JSON pointer of the member at fault */
            readonly path?: string;
            /** @description The bytes that the gateway sent, base64 */
            readonly original: string;
            readonly original_bytes: number;
            /** @description Whether `original` was cut off */
            readonly truncated: boolean;
        };
        /** SignedChallenge */
        readonly SignedChallenge: {
            /** @description P-256 as hex or base64(url) of X‖Y or 04‖X‖Y; Ed25519 as hex, base64(url) or base58; or PEM, SPKI, JWK */
            readonly public_key: string | object;
            readonly challenge: string;
            /** @description r‖s or DER (P-256), 64 bytes (Ed25519); as hex, base64 or base64url */
            readonly signature: string;
        };
        /** Site */
        readonly Site: {
            readonly id: string;
            readonly org_id: string;
            readonly name: string;
            readonly timezone: string | null;
            readonly latitude: number | null;
            readonly longitude: number | null;
            /**
             * Format: date-time
             * @description ISO-8601, UTC
             */
            readonly created_at: string;
        };
        /** SiteEnergy */
        readonly SiteEnergy: {
            readonly site_id: string;
            /** @description IANA name; days and months are of this zone */
            readonly timezone: string;
            /** @enum {string} */
            readonly resolution: "15m" | "1h" | "1d" | "1mo";
            /** @description Whole ones that share a moment with from–to. A value is null when the site has no such DER, or it did not report */
            readonly periods: readonly components["schemas"]["EnergyPeriod"][];
            readonly total: components["schemas"]["EnergyPeriod"];
            /** @description A live stream from here begins after the newest reading in it */
            readonly cursor: string | null;
        };
        /** SiteSettings */
        readonly SiteSettings: {
            readonly name?: string;
            /** @description IANA name */
            readonly timezone?: string | null;
            readonly latitude?: number | null;
            readonly longitude?: number | null;
        };
        /** SiteStatus */
        readonly SiteStatus: {
            readonly site_id: string;
            readonly ders: readonly components["schemas"]["DerStatus"][];
            readonly gateways: readonly components["schemas"]["GatewayPresence"][];
        };
        /** SiteWithDevices */
        readonly SiteWithDevices: {
            readonly id: string;
            readonly org_id: string;
            readonly name: string;
            readonly timezone: string | null;
            readonly latitude: number | null;
            readonly longitude: number | null;
            /**
             * Format: date-time
             * @description ISO-8601, UTC
             */
            readonly created_at: string;
            readonly devices: readonly components["schemas"]["Device"][];
        };
        /** Telemetry */
        readonly Telemetry: {
            /** Format: date-time */
            readonly from: string;
            /**
             * Format: date-time
             * @description Not part of it
             */
            readonly to: string;
            readonly resolution: string;
            readonly timezone: string;
            readonly agg?: readonly string[];
            /** @description A live stream from here has what is not in here */
            readonly cursor: string;
            readonly units: {
                readonly [key: string]: string;
            };
            /** @description In the order of time. raw: readings as they were stored */
            readonly data: readonly {
                readonly der_id: string;
                readonly timestamp: number;
            }[];
        };
        /** Ticket */
        readonly Ticket: {
            /** @description For ?ticket= of the streams of these sites */
            readonly ticket: string;
            /** Format: date-time */
            readonly expires_at: string;
        };
        /** Token */
        readonly Token: {
            readonly token: string;
            readonly identity_id: string;
            /**
             * Format: date-time
             * @description ISO-8601, UTC
             */
            readonly expires_at: string;
        };
        /** UploadAnswer */
        readonly UploadAnswer: {
            /** @description Readings stored by this upload */
            readonly accepted: number;
            /** @description Readings that were stored before */
            readonly duplicates: number;
            readonly rejected: number;
            /** @description fsync, replicated or page-cache */
            readonly durability: string;
            readonly results: readonly {
                /** @description Place in the upload, from 0 */
                readonly index: number;
                readonly status: "stored" | "duplicate" | "rejected";
                /** @description Where a stream resumes after this reading */
                readonly cursor?: string;
                /** @description true: too old for streams, and so without a cursor */
                readonly archived?: boolean;
                /** @description A code of docs/errors.md */
                readonly error?: string;
                readonly message?: string;
                /** @description JSON pointer of the member at fault */
                readonly path?: string;
            }[];
        };
        /** UploadedReading */
        readonly UploadedReading: Reading & {
            /** @description Of the device, as it was provisioned */
            readonly hardware_id: string;
            /** @description The DER's name or type; default: the type of the reading */
            readonly der?: string;
        };
        readonly Operations: {
            /** @description Describe this API (OpenAPI 3.1) */
            readonly describeApi: {
                readonly answer: object;
            };
            /** @description Whether the process lives */
            readonly getHealth: {
                readonly answer: components["schemas"]["Health"];
            };
            /** @description Whether the hub can take traffic, or why not */
            readonly getReadiness: {
                readonly answer: components["schemas"]["Readiness"];
            };
            /** @description What the hub counts and measures, for Prometheus */
            readonly getMetrics: {
                /** @description Prometheus's text format */
                readonly answer: string;
            };
            /** @description Describe the streams: SSE, WebSocket, MQTT and NATS (AsyncAPI 3) */
            readonly describeStreams: {
                readonly answer: object;
            };
            /** @description Ask for a challenge to sign */
            readonly createChallenge: {
                readonly body: components["schemas"]["ChallengeRequest"];
                readonly answer: components["schemas"]["Challenge"];
            };
            /** @description Get a token for a signed challenge */
            readonly createToken: {
                readonly body: components["schemas"]["SignedChallenge"];
                readonly answer: components["schemas"]["Token"];
            };
            /** @description Keep the token in a cookie that opens streams */
            readonly createSession: {
                readonly answer: null;
            };
            /** @description Forget the cookie */
            readonly deleteSession: {
                readonly answer: null;
            };
            /** @description Public keys that verify the hub's tokens */
            readonly listTokenKeys: {
                readonly answer: components["schemas"]["JsonWebKeySet"];
            };
            /** @description Register a public key */
            readonly registerIdentity: {
                readonly body: components["schemas"]["NewIdentity"];
                readonly answer: components["schemas"]["Identity"];
            };
            /** @description Who the caller is */
            readonly getOwnIdentity: {
                readonly answer: components["schemas"]["IdentityWithKeys"];
            };
            /** @description Add a key, proved by a challenge signed with it */
            readonly addKey: {
                readonly body: components["schemas"]["SignedChallenge"];
                readonly answer: components["schemas"]["PublicKey"];
            };
            /** @description Take a key away; its tokens end */
            readonly removeKey: {
                readonly answer: null;
            };
            /** @description End an identity for good */
            readonly revokeIdentity: {
                readonly answer: null;
            };
            /** @description Create an organization */
            readonly createOrganization: {
                readonly body: components["schemas"]["NewOrganization"];
                readonly answer: components["schemas"]["Organization"];
            };
            /** @description List the caller's organizations */
            readonly listOrganizations: {
                readonly query: {
                    /**
                     * @description Items at most
                     * @default 1000
                     */
                    readonly limit?: number;
                    /** @description From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: readonly components["schemas"]["Organization"][];
            };
            /** @description Show an organization */
            readonly getOrganization: {
                readonly answer: components["schemas"]["Organization"];
            };
            /** @description Rename an organization, hand it over, or say how long its readings are kept */
            readonly updateOrganization: {
                readonly body: components["schemas"]["OrganizationSettings"];
                readonly answer: components["schemas"]["Organization"];
            };
            /** @description Delete an organization that has no gateways left */
            readonly deleteOrganization: {
                readonly answer: null;
            };
            /** @description List members */
            readonly listMembers: {
                readonly query: {
                    /**
                     * @description Items at most
                     * @default 1000
                     */
                    readonly limit?: number;
                    /** @description From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: readonly components["schemas"]["Member"][];
            };
            /** @description Add a member */
            readonly addMember: {
                readonly body: components["schemas"]["NewMember"];
                readonly answer: components["schemas"]["Member"];
            };
            /** @description Show a member */
            readonly getMember: {
                readonly answer: components["schemas"]["Member"];
            };
            /** @description Change a member's role or sites */
            readonly updateMember: {
                readonly body: components["schemas"]["MemberSettings"];
                readonly answer: components["schemas"]["Member"];
            };
            /** @description Remove a member; anybody may remove himself */
            readonly removeMember: {
                readonly answer: null;
            };
            /** @description Give a back end access; a generated private key is told once */
            readonly createIntegration: {
                readonly body: components["schemas"]["NewIntegration"];
                readonly answer: components["schemas"]["IntegrationWithKey"];
            };
            /** @description List the back ends that have access */
            readonly listIntegrations: {
                readonly query: {
                    /**
                     * @description Items at most
                     * @default 1000
                     */
                    readonly limit?: number;
                    /** @description From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: readonly components["schemas"]["Integration"][];
            };
            /** @description Show a back end that has access */
            readonly getIntegration: {
                readonly answer: components["schemas"]["Integration"];
            };
            /** @description Rename it, or change the sites that it sees, on its connections as well */
            readonly updateIntegration: {
                readonly body: components["schemas"]["IntegrationSettings"];
                readonly answer: components["schemas"]["Integration"];
            };
            /** @description Take access away, at once and for good */
            readonly revokeIntegration: {
                readonly answer: null;
            };
            /** @description Replace its key; the old one ends at once, and connections with it */
            readonly replaceIntegrationKey: {
                readonly body: components["schemas"]["KeyChoice"];
                readonly answer: components["schemas"]["IntegrationWithKey"];
            };
            /** @description List sites, of one organization or of all the caller's */
            readonly listSites: {
                readonly query: {
                    /**
                     * @description Items at most
                     * @default 1000
                     */
                    readonly limit?: number;
                    /** @description From the Link header of the page before */
                    readonly cursor?: string;
                    /** @description Only of this organization */
                    readonly org_id?: string;
                };
                readonly answer: readonly components["schemas"]["Site"][];
            };
            /** @description Create a site */
            readonly createSite: {
                readonly body: components["schemas"]["NewSite"];
                readonly answer: components["schemas"]["Site"];
            };
            /** @description Show a site with its devices */
            readonly getSite: {
                readonly answer: components["schemas"]["SiteWithDevices"];
            };
            /** @description Change a site; null takes an optional value away */
            readonly updateSite: {
                readonly body: components["schemas"]["SiteSettings"];
                readonly answer: components["schemas"]["Site"];
            };
            /** @description Delete a site on which nothing stands any more */
            readonly deleteSite: {
                readonly answer: null;
            };
            /** @description List a site's devices */
            readonly listSiteDevices: {
                readonly query: {
                    /**
                     * @description Items at most
                     * @default 1000
                     */
                    readonly limit?: number;
                    /** @description From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: readonly components["schemas"]["Device"][];
            };
            /** @description Claim a gateway for an organization, by the gateway's signature */
            readonly claimGateway: {
                readonly body: components["schemas"]["GatewayClaim"];
                readonly answer: components["schemas"]["Gateway"];
            };
            /** @description List gateways, of one organization or of all the caller's */
            readonly listGateways: {
                readonly query: {
                    /**
                     * @description Items at most
                     * @default 1000
                     */
                    readonly limit?: number;
                    /** @description From the Link header of the page before */
                    readonly cursor?: string;
                    /** @description Only of this organization */
                    readonly org_id?: string;
                };
                readonly answer: readonly components["schemas"]["Gateway"][];
            };
            /** @description Show a gateway with its devices */
            readonly getGateway: {
                readonly answer: components["schemas"]["GatewayWithDevices"];
            };
            /** @description Change a gateway's settings */
            readonly updateGateway: {
                readonly body: components["schemas"]["GatewaySettings"];
                readonly answer: components["schemas"]["Gateway"];
            };
            /** @description Release a gateway; its devices stay behind, orphaned */
            readonly releaseGateway: {
                readonly answer: null;
            };
            /** @description Make a device known, or add to one that is */
            readonly provisionDevice: {
                readonly body: components["schemas"]["NewDevice"];
                readonly answer: components["schemas"]["ProvisionedDevice"];
            };
            /** @description Show a device */
            readonly getDevice: {
                readonly answer: components["schemas"]["Device"];
            };
            /** @description Change a device, or move it to another site of its organization */
            readonly updateDevice: {
                readonly body: components["schemas"]["DeviceSettings"];
                readonly answer: components["schemas"]["Device"];
            };
            /** @description Delete a device with its DERs */
            readonly deleteDevice: {
                readonly answer: null;
            };
            /** @description Add a DER to a device */
            readonly addDer: {
                readonly body: components["schemas"]["NewDer"];
                readonly answer: components["schemas"]["DerWithDevice"];
            };
            /** @description Show a DER */
            readonly getDer: {
                readonly answer: components["schemas"]["DerWithDevice"];
            };
            /** @description Upload a gateway's readings */
            readonly uploadTelemetry: {
                readonly body: readonly components["schemas"]["UploadedReading"][] | components["schemas"]["UploadedReading"];
                readonly answer: components["schemas"]["UploadAnswer"];
            };
            /** @description Read a gateway's last state and inventory */
            readonly getGatewayState: {
                readonly answer: components["schemas"]["GatewayState"];
            };
            /** @description Make a consumer that replays stored readings from a position and then follows */
            readonly createConsumer: {
                readonly body: components["schemas"]["NewConsumer"];
                readonly answer: components["schemas"]["Consumer"];
            };
            /** @description List an integration's consumers */
            readonly listConsumers: {
                readonly query: {
                    /** @description Whose consumer it is; an integration asks for its own */
                    readonly integration_id?: string;
                };
                readonly answer: readonly components["schemas"]["Consumer"][];
            };
            /** @description Show how far a consumer is */
            readonly getConsumer: {
                readonly query: {
                    /** @description Whose consumer it is; an integration asks for its own */
                    readonly integration_id?: string;
                };
                readonly answer: components["schemas"]["Consumer"];
            };
            /** @description Delete a consumer */
            readonly deleteConsumer: {
                readonly query: {
                    /** @description Whose consumer it is; an integration asks for its own */
                    readonly integration_id?: string;
                };
                readonly answer: null;
            };
            /** @description Put a consumer to another position */
            readonly resetConsumer: {
                readonly query: {
                    /** @description Whose consumer it is; an integration asks for its own */
                    readonly integration_id?: string;
                };
                readonly body: components["schemas"]["ConsumerPosition"];
                readonly answer: components["schemas"]["Consumer"];
            };
            /** @description What a back end needs to log in to NATS, with a program to begin with */
            readonly getNatsCredentials: {
                readonly query: {
                    /** @description Of this organization */
                    readonly org_id?: string;
                    /** @description Of this integration; one asks for its own */
                    readonly integration_id?: string;
                };
                readonly answer: components["schemas"]["NatsCredentials"];
            };
            /** @description List a gateway's refused readings of the last 24 hours, newest first */
            readonly listRejections: {
                readonly query: {
                    /**
                     * @description Rejections at most
                     * @default 100
                     */
                    readonly limit?: number;
                    /** @description From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: readonly components["schemas"]["Rejection"][];
            };
            /** @description Tell how the DERs and gateways of a site do, since when and why */
            readonly getSiteStatus: {
                readonly answer: components["schemas"]["SiteStatus"];
            };
            /** @description Tell how a gateway and the DERs behind it do, since when and why */
            readonly getGatewayStatus: {
                readonly answer: components["schemas"]["GatewayStatus"];
            };
            /** @description Read the telemetry of a DER in a stretch of time */
            readonly readDerTelemetry: {
                readonly query: {
                    /** @description Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is */
                    readonly from: string;
                    /** @description Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is. Default: now, and five minutes more for clocks that are fast */
                    readonly to?: string;
                    /**
                     * @description raw: every reading. Else one row for each DER and so much time; auto: the least with max_points at most
                     * @default auto
                     * @enum {string}
                     */
                    readonly resolution?: "auto" | "raw" | "1s" | "2s" | "5s" | "10s" | "15s" | "30s" | "1m" | "2m" | "5m" | "10m" | "15m" | "30m" | "1h" | "2h" | "3h" | "6h" | "12h" | "1d";
                    /** @description Members, separated by commas. Default: with raw all, else all numbers */
                    readonly fields?: string;
                    /** @description Out of mean, min, max, first, last, separated by commas, or lttb alone. Default: mean */
                    readonly agg?: string;
                    /**
                     * @description Rows where nothing was sent: none, with null, or with the values before
                     * @default none
                     * @enum {string}
                     */
                    readonly fill?: "none" | "null" | "previous";
                    /** @description Rows of one DER at most. Default: 1000 with auto and lttb */
                    readonly max_points?: number;
                    /** @description IANA time zone of hours and days. Default: the site's */
                    readonly tz?: string;
                    /** @description Readings in a page of raw. Default: 1000 */
                    readonly limit?: number;
                    /** @description From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: components["schemas"]["Telemetry"];
            };
            /** @description Read the telemetry of all DERs of a device in a stretch of time */
            readonly readDeviceTelemetry: {
                readonly query: {
                    /** @description Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is */
                    readonly from: string;
                    /** @description Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is. Default: now, and five minutes more for clocks that are fast */
                    readonly to?: string;
                    /**
                     * @description raw: every reading. Else one row for each DER and so much time; auto: the least with max_points at most
                     * @default auto
                     * @enum {string}
                     */
                    readonly resolution?: "auto" | "raw" | "1s" | "2s" | "5s" | "10s" | "15s" | "30s" | "1m" | "2m" | "5m" | "10m" | "15m" | "30m" | "1h" | "2h" | "3h" | "6h" | "12h" | "1d";
                    /** @description Members, separated by commas. Default: with raw all, else all numbers */
                    readonly fields?: string;
                    /** @description Out of mean, min, max, first, last, separated by commas, or lttb alone. Default: mean */
                    readonly agg?: string;
                    /**
                     * @description Rows where nothing was sent: none, with null, or with the values before
                     * @default none
                     * @enum {string}
                     */
                    readonly fill?: "none" | "null" | "previous";
                    /** @description Rows of one DER at most. Default: 1000 with auto and lttb */
                    readonly max_points?: number;
                    /** @description IANA time zone of hours and days. Default: the site's */
                    readonly tz?: string;
                    /** @description Readings in a page of raw. Default: 1000 */
                    readonly limit?: number;
                    /** @description From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: components["schemas"]["Telemetry"];
            };
            /** @description Read the telemetry of all DERs of a site in a stretch of time */
            readonly readSiteTelemetry: {
                readonly query: {
                    /** @description Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is */
                    readonly from: string;
                    /** @description Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is. Default: now, and five minutes more for clocks that are fast */
                    readonly to?: string;
                    /**
                     * @description raw: every reading. Else one row for each DER and so much time; auto: the least with max_points at most
                     * @default auto
                     * @enum {string}
                     */
                    readonly resolution?: "auto" | "raw" | "1s" | "2s" | "5s" | "10s" | "15s" | "30s" | "1m" | "2m" | "5m" | "10m" | "15m" | "30m" | "1h" | "2h" | "3h" | "6h" | "12h" | "1d";
                    /** @description Members, separated by commas. Default: with raw all, else all numbers */
                    readonly fields?: string;
                    /** @description Out of mean, min, max, first, last, separated by commas, or lttb alone. Default: mean */
                    readonly agg?: string;
                    /**
                     * @description Rows where nothing was sent: none, with null, or with the values before
                     * @default none
                     * @enum {string}
                     */
                    readonly fill?: "none" | "null" | "previous";
                    /** @description Rows of one DER at most. Default: 1000 with auto and lttb */
                    readonly max_points?: number;
                    /** @description IANA time zone of hours and days. Default: the site's */
                    readonly tz?: string;
                    /** @description Readings in a page of raw. Default: 1000 */
                    readonly limit?: number;
                    /** @description From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: components["schemas"]["Telemetry"];
            };
            /** @description Read the newest reading of each DER of an organization or site, or of one DER */
            readonly readLatestTelemetry: {
                readonly query: {
                    /** @description All that the caller sees of this organization */
                    readonly org_id?: string;
                    /** @description All of this site */
                    readonly site_id?: string;
                    /** @description This one alone */
                    readonly der_id?: string;
                    /**
                     * @description Devices in a page; the DERs of a device come together
                     * @default 200
                     */
                    readonly limit?: number;
                    /** @description From the Link header of the page before */
                    readonly cursor?: string;
                };
                readonly answer: components["schemas"]["LatestTelemetry"];
            };
            /** @description Read a site's energy by quarters, hours, days or months of its time zone */
            readonly getSiteEnergy: {
                readonly query: {
                    /** @description Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is */
                    readonly from: string;
                    /** @description Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is. Default: now */
                    readonly to?: string;
                    /**
                     * @description How long a period is; days and months as the site's calendar has them
                     * @default 1d
                     * @enum {string}
                     */
                    readonly resolution?: "15m" | "1h" | "1d" | "1mo";
                };
                readonly answer: components["schemas"]["SiteEnergy"];
            };
            /** @description Stream the readings of a site */
            readonly streamSite: {
                readonly query: {
                    /** @description Sites of GET /stream, repeated or separated by commas */
                    readonly site?: string | readonly string[];
                    /** @description Only these types of reading */
                    readonly types?: string | readonly string[];
                    /** @description Only these devices */
                    readonly devices?: string | readonly string[];
                    /** @description Only these DERs */
                    readonly ders?: string | readonly string[];
                    /** @description Start in the past: epoch milliseconds, ISO-8601 time or cursor */
                    readonly since?: string | readonly string[];
                    /** @description Start right after this position; a Last-Event-ID wins over it */
                    readonly cursor?: string | readonly string[];
                    /** @description At most one reading per DER in this time; implies mode=latest */
                    readonly min_interval_ms?: string | readonly string[];
                    /** @description all (default) or latest */
                    readonly mode?: string | readonly string[];
                    /** @description true: begin with the last reading of each DER */
                    readonly snapshot?: string | readonly string[];
                    /** @description true: tell whether each DER is online, stale or offline (with events=all) */
                    readonly liveness?: string | readonly string[];
                    /** @description all: control events (reset, caught_up, token_expiring, …) by name, not as comments */
                    readonly events?: string | readonly string[];
                };
                /** @description Events, until one of both sides ends it */
                readonly answer: string;
            };
            /** @description Stream the readings of all sites of an organization that the caller sees */
            readonly streamOrganization: {
                readonly query: {
                    /** @description Sites of GET /stream, repeated or separated by commas */
                    readonly site?: string | readonly string[];
                    /** @description Only these types of reading */
                    readonly types?: string | readonly string[];
                    /** @description Only these devices */
                    readonly devices?: string | readonly string[];
                    /** @description Only these DERs */
                    readonly ders?: string | readonly string[];
                    /** @description Start in the past: epoch milliseconds, ISO-8601 time or cursor */
                    readonly since?: string | readonly string[];
                    /** @description Start right after this position; a Last-Event-ID wins over it */
                    readonly cursor?: string | readonly string[];
                    /** @description At most one reading per DER in this time; implies mode=latest */
                    readonly min_interval_ms?: string | readonly string[];
                    /** @description all (default) or latest */
                    readonly mode?: string | readonly string[];
                    /** @description true: begin with the last reading of each DER */
                    readonly snapshot?: string | readonly string[];
                    /** @description true: tell whether each DER is online, stale or offline (with events=all) */
                    readonly liveness?: string | readonly string[];
                    /** @description all: control events (reset, caught_up, token_expiring, …) by name, not as comments */
                    readonly events?: string | readonly string[];
                };
                /** @description Events, until one of both sides ends it */
                readonly answer: string;
            };
            /** @description Stream the readings of several sites */
            readonly streamSites: {
                readonly query: {
                    /** @description Sites of GET /stream, repeated or separated by commas */
                    readonly site?: string | readonly string[];
                    /** @description Only these types of reading */
                    readonly types?: string | readonly string[];
                    /** @description Only these devices */
                    readonly devices?: string | readonly string[];
                    /** @description Only these DERs */
                    readonly ders?: string | readonly string[];
                    /** @description Start in the past: epoch milliseconds, ISO-8601 time or cursor */
                    readonly since?: string | readonly string[];
                    /** @description Start right after this position; a Last-Event-ID wins over it */
                    readonly cursor?: string | readonly string[];
                    /** @description At most one reading per DER in this time; implies mode=latest */
                    readonly min_interval_ms?: string | readonly string[];
                    /** @description all (default) or latest */
                    readonly mode?: string | readonly string[];
                    /** @description true: begin with the last reading of each DER */
                    readonly snapshot?: string | readonly string[];
                    /** @description true: tell whether each DER is online, stale or offline (with events=all) */
                    readonly liveness?: string | readonly string[];
                    /** @description all: control events (reset, caught_up, token_expiring, …) by name, not as comments */
                    readonly events?: string | readonly string[];
                };
                /** @description Events, until one of both sides ends it */
                readonly answer: string;
            };
            /** @description Get a ticket that opens streams of some sites */
            readonly createTicket: {
                readonly body: components["schemas"]["NewTicket"];
                readonly answer: components["schemas"]["Ticket"];
            };
            /** @description Open a WebSocket that speaks novacore.v1 */
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
export type Challenge = components['schemas']['Challenge'];
export type ChallengeRequest = components['schemas']['ChallengeRequest'];
export type Consumer = components['schemas']['Consumer'];
export type ConsumerPosition = components['schemas']['ConsumerPosition'];
export type Der = components['schemas']['Der'];
export type DerStatus = components['schemas']['DerStatus'];
export type DerWithDevice = components['schemas']['DerWithDevice'];
export type Device = components['schemas']['Device'];
export type DeviceSettings = components['schemas']['DeviceSettings'];
export type EnergyPeriod = components['schemas']['EnergyPeriod'];
export type Gateway = components['schemas']['Gateway'];
export type GatewayClaim = components['schemas']['GatewayClaim'];
export type GatewayPresence = components['schemas']['GatewayPresence'];
export type GatewaySettings = components['schemas']['GatewaySettings'];
export type GatewayState = components['schemas']['GatewayState'];
export type GatewayStatus = components['schemas']['GatewayStatus'];
export type GatewayWithDevices = components['schemas']['GatewayWithDevices'];
export type Health = components['schemas']['Health'];
export type Identity = components['schemas']['Identity'];
export type IdentityWithKeys = components['schemas']['IdentityWithKeys'];
export type Integration = components['schemas']['Integration'];
export type IntegrationSettings = components['schemas']['IntegrationSettings'];
export type IntegrationWithKey = components['schemas']['IntegrationWithKey'];
export type JsonWebKeySet = components['schemas']['JsonWebKeySet'];
export type KeyChoice = components['schemas']['KeyChoice'];
export type LatestTelemetry = components['schemas']['LatestTelemetry'];
export type Member = components['schemas']['Member'];
export type MemberSettings = components['schemas']['MemberSettings'];
export type NatsCredentials = components['schemas']['NatsCredentials'];
export type NewConsumer = components['schemas']['NewConsumer'];
export type NewDer = components['schemas']['NewDer'];
export type NewDevice = components['schemas']['NewDevice'];
export type NewIdentity = components['schemas']['NewIdentity'];
export type NewIntegration = components['schemas']['NewIntegration'];
export type NewMember = components['schemas']['NewMember'];
export type NewOrganization = components['schemas']['NewOrganization'];
export type NewSite = components['schemas']['NewSite'];
export type NewTicket = components['schemas']['NewTicket'];
export type Organization = components['schemas']['Organization'];
export type OrganizationSettings = components['schemas']['OrganizationSettings'];
export type ProvisionedDevice = components['schemas']['ProvisionedDevice'];
export type PublicKey = components['schemas']['PublicKey'];
export type Readiness = components['schemas']['Readiness'];
export type Rejection = components['schemas']['Rejection'];
export type SignedChallenge = components['schemas']['SignedChallenge'];
export type Site = components['schemas']['Site'];
export type SiteEnergy = components['schemas']['SiteEnergy'];
export type SiteSettings = components['schemas']['SiteSettings'];
export type SiteStatus = components['schemas']['SiteStatus'];
export type SiteWithDevices = components['schemas']['SiteWithDevices'];
export type Telemetry = components['schemas']['Telemetry'];
export type Ticket = components['schemas']['Ticket'];
export type Token = components['schemas']['Token'];
export type UploadAnswer = components['schemas']['UploadAnswer'];
export type UploadedReading = components['schemas']['UploadedReading'];
export type Operations = components['schemas']['Operations'];
