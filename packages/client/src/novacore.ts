import type { ReadingType } from "@novacore/protocol";
import { defaultTiming, type Timing } from "./connection-state.ts";
import {
  type ConsumerOwner,
  type ConsumerResource,
  consumerResource,
} from "./consumer-resource.ts";
import { type CredentialSource, createCredentials, type Renewable } from "./credentials.ts";
import {
  type DerResource,
  type DeviceResource,
  derResource,
  deviceResource,
} from "./device-resource.ts";
import { NovacoreError } from "./errors.ts";
import { type GatewayResource, gatewayResource } from "./gateway-resource.ts";
import { type HubResource, hubResource } from "./hub-resource.ts";
import { type IdentityResource, identityResource } from "./identity-resource.ts";
import { createKeyCredentials, type PrivateKey } from "./key-login.ts";
import type {
  Consumer,
  NatsCredentials,
  NewConsumer,
  NewOrganization,
  NewTicket,
  Operations,
  Organization,
  Ticket,
} from "./openapi.ts";
import { type OrganizationResource, organizationResource } from "./organization-resource.ts";
import { ReadingStream } from "./reading-stream.ts";
import { type CallOptions, type PageOptions, type RequestOptions, Rest } from "./rest.ts";
import { platformRuntime } from "./runtime.ts";
import { type SiteResource, siteResource } from "./site-resource.ts";
import { createSseTransport } from "./sse-transport.ts";
import { type ReadingOf, type ReadingsOptions, toWish } from "./stream-wish.ts";
import type { StreamSelection, StreamTarget, Transport, TransportFactory } from "./transport.ts";
import { createWebSocketTransport } from "./websocket-transport.ts";

/** Where the hub is, and who the caller is: one of `token`, `key` and `ticket`, or none with a session cookie. */
export interface NovacoreOptions {
  /** Address of the hub, as `https://hub.example`; it may have a path. */
  readonly baseUrl: string;
  /** A token of `POST /auth/verify`, or a function that gets one whenever it is needed. */
  readonly token?: Renewable | undefined;
  /** A private key, Ed25519 or P-256, to log in with; tokens are renewed before they end. */
  readonly key?: PrivateKey | undefined;
  /** A ticket of `POST /stream/tickets`, or a function that gets one: it opens streams alone. */
  readonly ticket?: Renewable | undefined;
  /**
   * What carries readings. Default: `websocket` where the platform has one, else `sse`: browsers open
   * six connections to a host at most over HTTP/1.1, and each stream of SSE is one of them. For NATS:
   * `natsTransport()` of `@novacore/client/nats`.
   */
  readonly transport?: "sse" | "websocket" | Transport | TransportFactory | undefined;
  /** `shareTabs` of `@novacore/client/tabs`: the tabs of one origin share connections. */
  readonly shareTabs?: ((transport: Transport, baseUrl: string) => Transport) | undefined;
  /** Time-outs and back-off; whatever is left out has its default. */
  readonly timing?: Partial<Timing> | undefined;
}

/** A hub, as its caller sees it. It holds nothing open: only streams do, while they are read. */
export class Novacore {
  readonly #options: NovacoreOptions;
  readonly #credentials: CredentialSource;
  readonly #rest: Rest;
  readonly #transport: Transport;

  constructor(options: NovacoreOptions) {
    this.#options = options;
    if (!/^https?:\/\/[^/]/.test(options.baseUrl)) {
      const message = `baseUrl is an address as https://hub.example, not ${options.baseUrl}.`;
      throw new NovacoreError("options_invalid", message);
    }
    this.#credentials = credentialsOf(options);
    this.#rest = new Rest(options.baseUrl, this.#credentials);
    const transport = this.#chooseTransport();
    this.#transport = options.shareTabs?.(transport, options.baseUrl) ?? transport;
  }

  /** The caller. */
  get identity(): IdentityResource {
    return identityResource(this.#rest);
  }

  /** The hub itself. */
  get hub(): HubResource {
    return hubResource(this.#rest);
  }

  site(id: string): SiteResource & ReadingsSource {
    return { readings: this.#readings({ sites: [id] }), ...siteResource(this.#rest, id) };
  }

  /** Several sites in one stream, at most 500. */
  sites(ids: readonly string[]): ReadingsSource {
    return { readings: this.#readings({ sites: [...ids] }) };
  }

  /** Its readings are of all sites that the caller may see, also of those that come later. */
  org(id: string): OrganizationResource & ReadingsSource {
    return { readings: this.#readings({ org: id }), ...organizationResource(this.#rest, id) };
  }

  device(id: string): DeviceResource & ReadingsSource {
    const readings = this.#readings({}, { devices: [id] });
    return { readings, ...deviceResource(this.#rest, id) };
  }

  der(id: string): DerResource & ReadingsSource {
    return { readings: this.#readings({}, { ders: [id] }), ...derResource(this.#rest, id) };
  }

  gateway(serial: string): GatewayResource {
    return gatewayResource(this.#rest, serial);
  }

  /** The caller's organizations. */
  organizations(options?: PageOptions): AsyncGenerator<Organization, void> {
    return this.#rest.list("organizations", {}, options);
  }

  /** The caller is its owner. */
  createOrganization(body: NewOrganization, options?: CallOptions): Promise<Organization> {
    return this.#rest.request("POST", "organizations", { ...options, body });
  }

  /** Opens streams of some sites for a while, also where nothing can send a token. */
  createTicket(body: NewTicket, options?: CallOptions): Promise<Ticket> {
    return this.#rest.request("POST", "stream/tickets", { ...options, body });
  }

  /** What a back end needs to log in to NATS, with a program to begin with. */
  natsCredentials(
    query: Operations["getNatsCredentials"]["query"] = {},
    options?: CallOptions,
  ): Promise<NatsCredentials> {
    return this.#rest.request("GET", "nats/credentials", { ...options, query });
  }

  /** All consumers of an integration. */
  consumers(owner: ConsumerOwner = {}, options?: CallOptions): Promise<readonly Consumer[]> {
    return this.#rest.request("GET", "nats/consumers", { ...options, query: { ...owner } });
  }

  /** One that replays stored readings from a position on and then follows. */
  createConsumer(body: NewConsumer, options?: CallOptions): Promise<Consumer> {
    return this.#rest.request("POST", "nats/consumers", { ...options, body });
  }

  consumer(name: string, owner: ConsumerOwner = {}): ConsumerResource {
    return consumerResource(this.#rest, name, owner);
  }

  /** Ends an identity for good: anybody his own, operators of the hub those of others. */
  revokeIdentity(id: string, options?: CallOptions): Promise<void> {
    return this.#rest.request("POST", `identities/${encodeURIComponent(id)}/revoke`, options);
  }

  /**
   * Any request of the REST API: `path` is below the hub's address, the caller names the answer's
   * type. Gives null for an answer without a body; throws NovacoreError, or the signal's reason.
   */
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T> {
    return this.#rest.request<T>(method, path, options);
  }

  #readings(target: StreamTarget, fixed: Pick<ReadingsOptions, "devices" | "ders"> = {}) {
    return <const T extends ReadingType = ReadingType>(options: ReadingsOptions<T> = {}) =>
      new ReadingStream<ReadingOf<T>>(toWish(target, { ...options, ...fixed }), {
        transport: this.#transport,
        credentials: this.#credentials,
        runtime: platformRuntime,
        timing: { ...defaultTiming, ...this.#options.timing },
      });
  }

  #chooseTransport(): Transport {
    const { baseUrl, transport = hasWebSocket() ? "websocket" : "sse" } = this.#options;
    if (typeof transport === "function") return assertTransport(transport({ baseUrl }));
    if (typeof transport !== "string") return assertTransport(transport);
    if (transport === "websocket") return createWebSocketTransport({ baseUrl });
    if (transport !== "sse") {
      const message = `transport is "${transport}"; give "sse", "websocket" or natsTransport().`;
      throw new NovacoreError("options_invalid", message);
    }
    const findSites = (selection: StreamSelection, signal: AbortSignal) =>
      this.#findSites(selection, signal);
    return createSseTransport({ baseUrl, findSites });
  }

  /** A path of SSE names sites, and a DER tells its device, which tells its site. */
  async #findSites({ devices = [], ders = [] }: StreamSelection, signal: AbortSignal) {
    const get = <T>(path: string) => this.#rest.request<T>("GET", path, { signal });
    const siteOf = async (device: string) =>
      (await get<{ readonly site_id: string }>(`devices/${encodeURIComponent(device)}`)).site_id;
    const deviceOf = async (der: string) =>
      (await get<{ readonly device_id: string }>(`ders/${encodeURIComponent(der)}`)).device_id;
    const found = ders.length > 0 ? await Promise.all(ders.map(deviceOf)) : devices;
    return [...new Set(await Promise.all([...new Set(found)].map(siteOf)))];
  }
}

/** Programs without types may give anything. */
function assertTransport(transport: Transport): Transport {
  if (typeof transport?.open === "function") return transport;
  const message = "transport is none; what makes one has to be called, as natsTransport().";
  throw new NovacoreError("options_invalid", message);
}

/** What has readings: sites, an organization, a device, a DER. */
export interface ReadingsSource {
  /** A stream of readings; it connects when the first one is asked for. */
  readings<const T extends ReadingType = ReadingType>(
    options?: ReadingsOptions<T>,
  ): ReadingStream<ReadingOf<T>>;
}

function credentialsOf({ baseUrl, token, key, ticket }: NovacoreOptions): CredentialSource {
  if ([token, key, ticket].filter((each) => each !== undefined).length > 1) {
    throw new NovacoreError("options_invalid", "Give one of token, key and ticket.");
  }
  if (key !== undefined) return createKeyCredentials(baseUrl, key);
  if (ticket !== undefined)
    return createCredentials(ticket, (text) => ({ kind: "ticket", ticket: text }));
  return createCredentials(token, (text) => ({ kind: "token", token: text }));
}

function hasWebSocket(): boolean {
  return typeof WebSocket === "function";
}
