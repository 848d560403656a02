import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createNkey, type Nkey, readSeed } from "./nkeys.ts";

/** The accounts that the hub itself logs in to; what each is for stands in config-file.ts. */
export const hubAccounts = ["SYS", "AUTH", "DEV", "HUB"] as const;
export type HubAccount = (typeof hubAccounts)[number];

/** What the hub proves itself to nats-server by, and what it signs logins with. */
export interface HubKeys {
  /** Signs the answers of the auth callout. */
  readonly issuer: Nkey;
  readonly users: Readonly<Record<HubAccount, Nkey>>;
}

/** The folder of everything about NATS: keys, the generated configuration, the streams. */
export const natsFolder = (dataDir: string): string => join(dataDir, "nats");

/**
 * Reads `<dataDir>/nats/keys.json` (mode 0600), or makes it. Several hubs of one cluster share a
 * copy of this file. Throws an Error that names the file when it cannot be understood.
 */
export function loadHubKeys(dataDir: string): HubKeys {
  const folder = natsFolder(dataDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "keys.json");
  try {
    // "wx" makes exactly one of two processes that start at once the author of the keys.
    writeFileSync(path, `${JSON.stringify(createSeeds(), undefined, 2)}\n`, {
      mode: 0o600,
      flag: "wx",
    });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  try {
    return readSeeds(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    throw new Error(`${path} does not hold the hub's NATS keys; restore it or delete it.`, {
      cause,
    });
  }
}

type Seeds = Record<"issuer" | HubAccount, string>;

function createSeeds(): Seeds {
  const user = () => createNkey("user").seed;
  return {
    issuer: createNkey("account").seed,
    SYS: user(),
    AUTH: user(),
    DEV: user(),
    HUB: user(),
  };
}

function readSeeds(seeds: Partial<Seeds>): HubKeys {
  const user = (account: HubAccount) => readSeed(seeds[account] ?? "", "user");
  return {
    issuer: readSeed(seeds.issuer ?? "", "account"),
    users: { SYS: user("SYS"), AUTH: user("AUTH"), DEV: user("DEV"), HUB: user("HUB") },
  };
}
