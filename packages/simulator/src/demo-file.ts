import { join } from "node:path";
import { readIfThere, writeSecretFile } from "./secret-file.ts";

/** What `demo.json` tells: where the hub is, whose data the demo makes, and a token to read it. */
export interface DemoDetails {
  readonly base_url: string;
  readonly ws_url: string;
  readonly nats_url: string;
  readonly mqtt_url: string;
  readonly org_id: string;
  readonly site_id: string;
  /** A secret: valid for 24 hours, renewed in the file long before. */
  readonly token: string;
  readonly identity_id: string;
  readonly gateway_serial: string;
}

export function demoFilePath(dataDir: string): string {
  return join(dataDir, "demo.json");
}

/** One member a line, so that `sed` can take one out where there is no JSON tool. */
export function writeDemoFile(dataDir: string, details: DemoDetails): void {
  writeSecretFile(demoFilePath(dataDir), `${JSON.stringify(details, null, 2)}\n`);
}

/** Organization and site of the start before this one, if there was one. */
export function readEarlierHome(dataDir: string): { orgId: string; siteId: string } | undefined {
  const content = readIfThere(demoFilePath(dataDir));
  if (content === undefined) return undefined;
  const details: unknown = JSON.parse(content);
  if (typeof details !== "object" || details === null) return undefined;
  if (!("org_id" in details) || !("site_id" in details)) return undefined;
  const { org_id: orgId, site_id: siteId } = details;
  return typeof orgId === "string" && typeof siteId === "string" ? { orgId, siteId } : undefined;
}
