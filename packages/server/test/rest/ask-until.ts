import type { Answer } from "./rest-hub.ts";

/** Asks the hub as somebody; every status is an answer. */
export type Asker = (method: string, path: string, body?: unknown) => Promise<Answer>;

export function askerOf(url: string, tokenOf: () => string): Asker {
  return async (method, path, body) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tokenOf()}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    const { status, headers } = response;
    return { status, headers, body: text === "" ? undefined : JSON.parse(text) };
  };
}

/** How long a condition may take before the test says which one it was. */
const conditionMs = 30_000;

/** Asks again and again, as what is waited for can only be asked about. */
export async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + conditionMs;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`${what}: did not happen`);
  }
}
