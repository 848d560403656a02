import type { ReadingType } from "@novacore/protocol";
import { defaultTiming, type Timing } from "./connection-state.ts";
import { type CredentialSource, createCredentials, type Renewable } from "./credentials.ts";
import { NovacoreError } from "./errors.ts";
import { createKeyCredentials, type PrivateKey } from "./key-login.ts";
import { ReadingStream } from "./reading-stream.ts";
import type { Device, Gateway, Organization, Site } from "./resources.ts";
import { type PageOptions, type RequestOptions, Rest } from "./rest.ts";
import { platformRuntime } from "./runtime.ts";
import { createSseTransport } from "./sse-transport.ts";
import { type ReadingOf, type ReadingsOptions, toWish } from "./stream-wish.ts";
import {
  type EnergyOptions,
  energyOf,
  type LatestReading,
  latestOf,
  type PastSource,
  pastSource,
  type SiteEnergy,
} from "./telemetry.ts";
import type { StreamSelection, StreamTarget, Transport } from "./transport.ts";
import { createWebSocketTransport } from "./websocket-transport.ts";

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
   * six connections to a host at most over HTTP/1.1, and each stream of SSE is one of them.
   */
  readonly transport?: "sse" | "websocket" | Transport | undefined;
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
    this.#transport = this.#chooseTransport();
  }

  site(id: string): SiteSource {
    const path = `sites/${encodeURIComponent(id)}`;
    return {
      readings: this.#readings({ sites: [id] }),
      devices: (options) => this.#list<Device>(`${path}/devices`, {}, options),
      ...pastSource(this.#rest, path),
      energy: (options) => energyOf(this.#rest, path, options),
      latest: (options) => latestOf(this.#rest, { site_id: id }, options),
    };
  }

  /** Several sites in one stream, at most 500. */
  sites(ids: readonly string[]): ReadingsSource {
    return { readings: this.#readings({ sites: [...ids] }) };
  }

  /** All sites of an organization that the caller may see, also those that come later. */
  org(id: string): OrganizationSource {
    const query = { org_id: id };
    return {
      readings: this.#readings({ org: id }),
      sites: (options) => this.#list<Site>("sites", query, options),
      gateways: (options) => this.#list<Gateway>("gateways", query, options),
      latest: (options) => latestOf(this.#rest, query, options),
    };
  }

  device(id: string): ReadingsSource & PastSource {
    const past = pastSource(this.#rest, `devices/${encodeURIComponent(id)}`);
    return { readings: this.#readings({}, { devices: [id] }), ...past };
  }

  der(id: string): ReadingsSource & PastSource {
    const past = pastSource(this.#rest, `ders/${encodeURIComponent(id)}`);
    return { readings: this.#readings({}, { ders: [id] }), ...past };
  }

  /** The caller's organizations. */
  organizations(options?: PageOptions): AsyncGenerator<Organization, void> {
    return this.#list<Organization>("organizations", {}, options);
  }

  /**
   * Any request of the REST API: `path` is below the hub's address, the caller names the answer's
   * type. Gives null for an answer without a body; throws NovacoreError, or the signal's reason.
   */
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T> {
    return this.#rest.request<T>(method, path, options);
  }

  #list<T>(path: string, query: RequestOptions["query"], options: PageOptions | undefined) {
    return this.#rest.pages<T>(path, query, options, (items: readonly T[]) => items);
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
    if (typeof transport !== "string") return transport;
    if (transport === "websocket") return createWebSocketTransport({ baseUrl });
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

export interface ReadingsSource {
  /** A stream of readings; it connects when the first one is asked for. */
  readings<const T extends ReadingType = ReadingType>(
    options?: ReadingsOptions<T>,
  ): ReadingStream<ReadingOf<T>>;
}

/** Lists are asked for page by page, as they are read. */
export interface SiteSource extends ReadingsSource, PastSource {
  /** What the site imported, produced and used. */
  energy(options: EnergyOptions): Promise<SiteEnergy>;
  /** The newest reading of each DER, and how the DER does. */
  latest(options?: PageOptions): AsyncGenerator<LatestReading, void>;
  devices(options?: PageOptions): AsyncGenerator<Device, void>;
}

export interface OrganizationSource extends ReadingsSource {
  sites(options?: PageOptions): AsyncGenerator<Site, void>;
  gateways(options?: PageOptions): AsyncGenerator<Gateway, void>;
  /** The newest reading of each DER that the caller sees, and how the DER does. */
  latest(options?: PageOptions): AsyncGenerator<LatestReading, void>;
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
