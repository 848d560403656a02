import type { ErrorDetail } from "@novacore/protocol";
import { NovacoreError } from "./errors.ts";

/** The error that an answer other than 2xx tells: the hub's, or that of a proxy before it. */
export async function errorOfAnswer(response: Response, request: string): Promise<NovacoreError> {
  const { status } = response;
  const retryMs = retryAfterMs(response.headers.get("retry-after"));
  const body = await readError(response);
  if (typeof body?.error === "string") {
    const { error: code, message = code, details } = body;
    return new NovacoreError(code, message, { status, details, retryMs });
  }
  const isPassing = status >= 500 || status === 429 || status === 408;
  const code = isPassing ? "unreachable" : "answer_invalid";
  const message = `${request} was answered ${status}, and not by a hub: check the address.`;
  return new NovacoreError(code, message, { status, retryMs });
}

interface ErrorBody {
  readonly error?: string;
  readonly message?: string;
  readonly details?: readonly ErrorDetail[];
}

async function readError(response: Response): Promise<ErrorBody | undefined> {
  try {
    return parseJson(await readStart(response));
  } catch {
    return undefined; // cut off, or a proxy's page: the status has to do
  }
}

/** Of an error, more is not worth the memory; the hub's have a few hundred characters. */
const errorCharactersMax = 65_536;

async function readStart({ body }: Response): Promise<string> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (reader !== undefined && text.length < errorCharactersMax) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
  }
  await reader?.cancel();
  return text;
}

/** What the hub sends is trusted to be as its protocol says; the caller names the type. */
export function parseJson<T>(text: string): T {
  return JSON.parse(text);
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3); the hub sends seconds. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null || !/^\d{1,6}$/.test(header)) return undefined;
  return Number(header) * 1_000;
}
