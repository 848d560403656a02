import { createWriteStream, openAsBlob } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AwsClient } from "aws4fetch";
import { limits } from "../limits.ts";

/** Where a bucket is. Its credentials stand in the environment alone, as AWS names them. */
export interface BucketPlace {
  readonly name: string;
  /** Before every key; empty, or with a `/` at its end. */
  readonly prefix: string;
  /** Undefined: Amazon's of the region. Of any other service, the bucket is in the path. */
  readonly endpoint: string | undefined;
  readonly region: string;
}

/** The few requests of S3 that an archive needs. Each is tried a few times before it is given up. */
export class S3Bucket {
  readonly #place: BucketPlace;
  readonly #client: AwsClient;

  /** Throws a sentence where there are no credentials. */
  constructor(place: BucketPlace, env: NodeJS.ProcessEnv = process.env) {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = env;
    if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
      throw new Error(
        "An archive in S3 needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; set both, or give NOVACORE_ARCHIVE a folder.",
      );
    }
    this.#place = place;
    this.#client = new AwsClient({
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
      ...{ service: "s3", region: place.region, retries: 3 },
    });
  }

  get name(): string {
    return `s3://${this.#place.name}/${this.#place.prefix}`;
  }

  /** Stores a file as a whole, or not at all. */
  async put(key: string, path: string): Promise<void> {
    const body = await openAsBlob(path);
    const response = await this.#send("PUT", this.#url(key), { body });
    if (!response.ok) throw await this.#fault("write", key, response);
    await response.body?.cancel();
  }

  /** Stores a text where there is nothing yet; false: there was something. */
  async putNew(key: string, text: string): Promise<boolean> {
    const headers = { "if-none-match": "*" };
    const response = await this.#send("PUT", this.#url(key), { body: text, headers });
    if (response.status === 412 || response.status === 409) {
      await response.body?.cancel();
      return false;
    }
    if (!response.ok) throw await this.#fault("write", key, response);
    await response.body?.cancel();
    return true;
  }

  /** Undefined: there is no such object. */
  async getText(key: string): Promise<string | undefined> {
    const response = await this.#send("GET", this.#url(key));
    if (response.status === 404) return this.#absent(key, response);
    if (!response.ok) throw await this.#fault("read", key, response);
    return response.text();
  }

  /** Into a file, which is whole and on the disk when this resolves. */
  async get(key: string, path: string): Promise<void> {
    const stall = new AbortController();
    const seconds = limits.archiveStallMs / 1_000;
    const timer = setTimeout(() => {
      stall.abort(new Error(`${this.name}${key} does not come: nothing for ${seconds} s.`));
    }, limits.archiveStallMs);
    try {
      const { signal } = stall;
      const response = await this.#send("GET", this.#url(key), { signal });
      if (!response.ok || response.body === null) throw await this.#fault("read", key, response);
      // The length that was announced is checked by fetch: an answer that is cut off is an error.
      const chunks = Readable.fromWeb(response.body);
      const watch = async function* () {
        for await (const chunk of chunks) {
          timer.refresh();
          yield chunk;
        }
      };
      await pipeline(watch, createWriteStream(path, { mode: 0o600, flush: true }), { signal });
    } catch (error) {
      stall.signal.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** It may be gone already. */
  async delete(key: string): Promise<void> {
    const response = await this.#send("DELETE", this.#url(key));
    if (!response.ok && response.status !== 404) throw await this.#fault("delete", key, response);
    await response.body?.cancel();
  }

  /** Keys below the prefix, without it. */
  async list(): Promise<string[]> {
    const { prefix } = this.#place;
    const keys: string[] = [];
    for (let token: string | undefined; ; ) {
      const url = this.#url("", { isBucket: true });
      const query = { "list-type": "2", "encoding-type": "url", prefix };
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      if (token !== undefined) url.searchParams.set("continuation-token", token);
      const response = await this.#send("GET", url);
      if (!response.ok) throw await this.#fault("list", "", response);
      const xml = await response.text();
      for (const [, key = ""] of xml.matchAll(/<Key>([^<]*)<\/Key>/g)) {
        keys.push(decodeURIComponent(key).slice(prefix.length));
      }
      token = /<NextContinuationToken>([^<]+)</.exec(xml)?.[1]?.replaceAll("&amp;", "&");
      if (token === undefined) return keys;
    }
  }

  #url(key: string, { isBucket = false } = {}): URL {
    const { name, prefix, endpoint, region } = this.#place;
    const path = isBucket ? "" : [...prefix.split("/"), ...key.split("/")].filter(Boolean);
    const rest = typeof path === "string" ? path : path.map(encodeURIComponent).join("/");
    return endpoint === undefined
      ? new URL(`https://${name}.s3.${region}.amazonaws.com/${rest}`)
      : new URL(`${endpoint.replace(/\/+$/, "")}/${name}/${rest}`);
  }

  async #send(method: string, url: URL, init: RequestInit = {}): Promise<Response> {
    const timeout = AbortSignal.timeout(limits.archiveTransferMs);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    try {
      return await this.#client.fetch(url.href, { ...init, method, signal });
    } catch (cause) {
      init.signal?.throwIfAborted();
      const reason = cause instanceof Error ? causeOf(cause) : String(cause);
      throw new Error(`${this.name} does not answer at ${url.origin}: ${reason}`, { cause });
    }
  }

  /** Much else that is not there, the bucket or a key's owner, is told by 404 as well. */
  async #absent(key: string, response: Response): Promise<undefined> {
    const text = await response.text();
    if (text.includes("<Code>NoSuchKey<")) return undefined;
    throw this.#told("read", key, 404, text);
  }

  async #fault(what: string, key: string, response: Response): Promise<Error> {
    return this.#told(what, key, response.status, await response.text().catch(() => ""));
  }

  #told(what: string, key: string, status: number, text: string): Error {
    const code = /<Code>([^<]*)</.exec(text)?.[1] ?? "";
    const advice = advices[code] ?? "Check NOVACORE_ARCHIVE and the AWS_ settings.";
    return new Error(`Could not ${what} ${this.name}${key}: ${status} ${code}. ${advice}`);
  }
}

const advices: Readonly<Record<string, string>> = {
  NoSuchBucket: "Make the bucket; the hub makes none.",
  AccessDenied: "The key needs to list the bucket, and to get, put and delete objects in it.",
  InvalidAccessKeyId: "AWS_ACCESS_KEY_ID is not known there.",
  SignatureDoesNotMatch: "AWS_SECRET_ACCESS_KEY is not the key's.",
  PermanentRedirect: "AWS_REGION is not the bucket's.",
  AuthorizationHeaderMalformed: "AWS_REGION is not the bucket's.",
};

/** fetch says "fetch failed", and why in its cause. */
function causeOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
