import { errorOfAnswer, parseJson } from "./answer.ts";
import type { CredentialSource } from "./credentials.ts";
import { credentialCodes, NovacoreError, toNovacoreError } from "./errors.ts";
import { hubUrl } from "./transport.ts";

/** What every call takes. */
export interface CallOptions {
  /** Ends the call with its own reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a request is made of, beside its method and path. */
export interface RequestOptions extends CallOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Appended to the path; what is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
}

/** How a list is asked for. */
export interface PageOptions extends CallOptions {
  /** Items that one request asks for, 1 to 1 000. Default: the hub's 1 000. */
  readonly pageSize?: number | undefined;
}

interface Wish extends RequestOptions {
  /** Another form than JSON. */
  readonly accept?: string | undefined;
  /** A status beside 2xx that is no refusal. */
  readonly answersToo?: number | undefined;
}

/** Requests to a hub's REST API, by whoever the credentials say. */
export class Rest {
  readonly #baseUrl: string;
  readonly #credentials: CredentialSource;

  constructor(baseUrl: string, credentials: CredentialSource) {
    this.#baseUrl = baseUrl;
    this.#credentials = credentials;
  }

  /** The body of the answer, null for none. Throws NovacoreError, or the signal's reason. */
  async request<T>(method: string, path: string, options: Wish = {}): Promise<T> {
    const { body } = await this.#ask<T>(method, path, options);
    return body;
  }

  /** The body of an answer that is text and no JSON. */
  async text(method: string, path: string, options: Wish): Promise<string> {
    return this.#retrying(async (refusal) => {
      const { response, name } = await this.#send(method, path, options, refusal);
      return readText(response, name, options.signal);
    });
  }

  /** The answer with its body not read yet, in the form that `accept` asks for. */
  async fetch(
    method: string,
    path: string,
    options: Wish & { readonly accept: string },
  ): Promise<Response> {
    const { response } = await this.#retrying((refusal) =>
      this.#send(method, path, options, refusal),
    );
    return response;
  }

  /** All items of a list whose pages are bare arrays. */
  list<T>(
    path: string,
    query: RequestOptions["query"],
    options: PageOptions | undefined,
  ): AsyncGenerator<T, void> {
    return this.pages<T>(path, query, options, (items: readonly T[]) => items);
  }

  /** All items of a list, asked for page by page as they are read. */
  async *pages<T, B = readonly T[]>(
    path: string,
    query: RequestOptions["query"],
    options: PageOptions | undefined,
    itemsOf: (body: B) => Iterable<T>,
  ): AsyncGenerator<T, void> {
    const { pageSize: limit, signal } = options ?? {};
    let next: string | undefined = path;
    let wanted: RequestOptions["query"] = { ...query, limit };
    while (next !== undefined) {
      const page: Answer<B> = await this.#ask("GET", next, { query: wanted, signal });
      yield* itemsOf(page.body);
      if (page.next === next) {
        throw new NovacoreError("answer_invalid", `The page after ${next} is that page again.`);
      }
      next = page.next;
      wanted = undefined; // the link has it all
    }
  }

  async #ask<T>(method: string, path: string, options: Wish): Promise<Answer<T>> {
    return this.#retrying(async (refusal) => {
      const { response, name } = await this.#send(method, path, options, refusal);
      const next = nextPathOf(response.headers.get("link"));
      return { body: await readJson(response, name, options.signal), next };
    });
  }

  /** Once more with a newer credential where the one before was refused. */
  async #retrying<T>(ask: (refusal?: NovacoreError) => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      const isRefused = error instanceof NovacoreError && credentialCodes.has(error.code);
      if (!isRefused) throw error;
      return ask(error);
    }
  }

  async #send(
    method: string,
    path: string,
    { body, query = {}, signal, accept, answersToo }: Wish,
    refusal?: NovacoreError,
  ): Promise<{ readonly response: Response; readonly name: string }> {
    const credential = await this.#credentials.get(refusal);
    const url = hubUrl(this.#baseUrl, path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const name = `${method} ${url.pathname}`;
    const response = await fetch(url, {
      method,
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(accept !== undefined && { accept }),
        ...(credential?.kind === "token" && { authorization: `Bearer ${credential.token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    }).catch((thrown: unknown) => {
      signal?.throwIfAborted();
      throw toNovacoreError(thrown, name);
    });
    const isAnswer = response.ok || response.status === answersToo;
    if (!isAnswer) throw await errorOfAnswer(response, name);
    return { response, name };
  }
}

interface Answer<T> {
  readonly body: T;
  readonly next: string | undefined;
}

/** Path and query alone: a token goes to no other host than the one that was given. */
function nextPathOf(link: string | null): string | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(link ?? "")?.[1];
  if (target === undefined) return undefined;
  const { pathname, search } = new URL(target, "http://hub.invalid");
  return pathname + search;
}

async function readJson<T>(response: Response, name: string, signal?: AbortSignal): Promise<T> {
  const text = await readText(response, name, signal);
  try {
    return parseJson<T>(text || "null");
  } catch (cause) {
    const message = `${name} was answered with something else than JSON.`;
    throw new NovacoreError("answer_invalid", message, { cause });
  }
}

async function readText(response: Response, name: string, signal?: AbortSignal): Promise<string> {
  try {
    return await response.text();
  } catch (thrown) {
    signal?.throwIfAborted();
    throw toNovacoreError(thrown, name); // cut off in the middle
  }
}
