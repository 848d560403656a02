/** What this process asks hubs for, by `fetch` and by WebSocket, until `end`. */
export interface Requests {
  /** As `GET /path`, without the query. */
  made(): readonly string[];
  forget(): void;
  end(): void;
}

export function recordRequests(): Requests {
  const { fetch, WebSocket } = globalThis;
  let made: string[] = [];
  const record = (method: string, url: string) => made.push(`${method} ${new URL(url).pathname}`);
  globalThis.fetch = (input, init) => {
    record(init?.method ?? "GET", String(input));
    return fetch(input, init);
  };
  globalThis.WebSocket = class extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      record("GET", String(args[0]));
    }
  };
  return {
    made: () => made,
    forget() {
      made = [];
    },
    end: () => Object.assign(globalThis, { fetch, WebSocket }),
  };
}
