/** A client's view of an answer, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed, where the answer is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers as a client without types does
  readonly body: any;
}

export interface Question {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes and text are sent as they are, anything else as JSON. */
  readonly body?: unknown;
}

/** Asks a hub and takes every answer, refusals above all. */
export type Ask = (method: string, path: string, question?: Question) => Promise<Answer>;

export function createAsk(baseUrl: string): Ask {
  return async (method, path, { token, headers, body } = {}) => {
    const response = await fetch(new URL(path, baseUrl), {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: encode(body) }),
    });
    const { status, headers: answered } = response;
    const type = answered.get("content-type") ?? "";
    if (type.startsWith("text/event-stream")) {
      // It should have been refused, and would never end.
      await response.body?.cancel();
      return { status, headers: answered, text: "", body: undefined };
    }
    const text = await response.text();
    const isJson = type.startsWith("application/json");
    return { status, headers: answered, text, body: isJson ? JSON.parse(text) : undefined };
  };
}

function encode(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}

/** Status and code of a refusal. */
export function refusalOf({ status, body }: Answer): [number, string | undefined] {
  return [status, body?.error];
}

export const notFound = [404, "not_found"] as const;
