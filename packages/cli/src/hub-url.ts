import { UsageError } from "./failure.ts";

/** Where a hub on this machine listens unless it was told otherwise. */
export const localHubUrl = "http://127.0.0.1:8080";

/** An address of a hub, without a slash at its end; `source` is where it was given. */
export function readHubUrl(text: string, source: string): string {
  const url = URL.parse(text);
  if (url?.username || url?.password) {
    throw new UsageError(`${source} has a user or password in it; give the address alone.`);
  }
  if (url !== null && ["http:", "https:"].includes(url.protocol) && !url.search && !url.hash) {
    return url.href.replace(/\/+$/, "");
  }
  throw new UsageError(`${source} is "${text}"; give an address, as https://hub.example.`);
}
