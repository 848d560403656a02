/** A resource as the hub answers it; its members are read by `text` and `list`, which check them. */
export type Resource = Readonly<Record<string, unknown>>;

/** Calls a hub's REST API. Every method throws RestError for an answer that is not 2xx. */
export interface RestClient {
  get(path: string): Promise<Resource>;
  post(path: string, body: object): Promise<Resource>;
}

/** A refusal by the hub: its status, and its code from docs/errors.md. */
export class RestError extends Error {
  override readonly name = "RestError";
  readonly status: number;
  readonly code: string;

  constructor(request: string, status: number, code: string, message: string) {
    super(`${request} was answered ${status} ${code}: ${message}`);
    this.status = status;
    this.code = code;
  }
}

/** One request may take this long; a hub that is starting answers sooner or not at all. */
const requestMs = 10_000;

export function createRestClient(baseUrl: string, token?: string): RestClient {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    get: (path) => request(new URL(path, baseUrl), { headers: authorization }),
    post: (path, body) =>
      request(new URL(path, baseUrl), {
        method: "POST",
        headers: { "content-type": "application/json", ...authorization },
        body: JSON.stringify(body),
      }),
  };
}

/** A member that must be a text; throws when the hub answered something else. */
export function text(resource: Resource, member: string): string {
  const value = resource[member];
  if (typeof value === "string") return value;
  throw new Error(`the hub answered without a "${member}": ${Object.keys(resource).join(", ")}`);
}

/** A member that must be a list of resources. */
export function list(resource: Resource, member: string): readonly Resource[] {
  const value = resource[member];
  if (Array.isArray(value) && value.every(isResource)) return value;
  throw new Error(`the hub answered without a list "${member}"`);
}

async function request(url: URL, init: RequestInit): Promise<Resource> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(requestMs) });
  const body = parse(await response.text());
  if (response.ok) return body;
  const name = `${init.method ?? "GET"} ${url.pathname}`;
  throw new RestError(name, response.status, String(body.error ?? ""), String(body.message ?? ""));
}

/** A proxy's error page is no JSON; then the status alone has to do. */
function parse(body: string): Resource {
  try {
    const value: unknown = JSON.parse(body);
    return isResource(value) ? value : {};
  } catch {
    return {};
  }
}

function isResource(value: unknown): value is Resource {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
