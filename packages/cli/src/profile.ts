import { join } from "node:path";
import { readIfThere, writeSecretFile } from "@novacore/simulator/secret-file";
import { configFolder } from "./config-folder.ts";
import { CommandFailed, UsageError } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

/** Who is logged in where. */
export interface Login {
  readonly url: string;
  readonly identityId: string;
  /** A secret. */
  readonly token: string;
  /** ISO-8601, UTC. */
  readonly tokenExpiresAt: string;
}

/** A login that is kept under a name, so that one person may have several. */
export interface Profile extends Login {
  /** For commands that name no organization; undefined: none was chosen. */
  readonly orgId: string | undefined;
}

/** The given one, else the environment's, else `default`. Throws UsageError. */
export function chooseProfileName(given: string | undefined, env: Terminal["env"]): string {
  const [source, name] =
    given === undefined
      ? ["NOVACORE_PROFILE", env.NOVACORE_PROFILE || "default"]
      : ["--profile", given];
  // It becomes the name of a folder.
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) return name;
  throw new UsageError(`${source} is "${name}"; give letters, digits, - and _, at most 64.`);
}

/** The files of one profile, all readable by their owner alone. */
export class ProfileFolder {
  readonly path: string;

  constructor(env: Terminal["env"], name: string) {
    this.path = join(configFolder(env), "profiles", name);
  }

  get profilePath(): string {
    return join(this.path, "profile.json");
  }

  /** PKCS#8 PEM of the private key. */
  get keyPath(): string {
    return join(this.path, "key.pem");
  }

  readKey(): string | undefined {
    return readProfileFile(this.keyPath);
  }

  writeKey(pem: string): void {
    writeSecretFile(this.keyPath, pem);
  }

  /** Undefined: nobody has logged in under this name, or the file is spoilt; a login mends both. */
  read(): Profile | undefined {
    const content = readProfileFile(this.profilePath);
    if (content === undefined) return undefined;
    const { url, identity_id, token, token_expires_at, org_id } = parseObject(content);
    const texts = [url, identity_id, token, token_expires_at].filter(isText);
    const [hubUrl, identityId, tokenText, tokenExpiresAt] = texts;
    if (!hubUrl || !identityId || !tokenText || !tokenExpiresAt) return undefined;
    const orgId = isText(org_id) && org_id !== "" ? org_id : undefined;
    return { url: hubUrl, identityId, token: tokenText, tokenExpiresAt, orgId };
  }

  /** The same identity at the same hub keeps the organization that was chosen there. */
  writeLogin(login: Login): void {
    const before = this.read();
    const isSame = before?.url === login.url && before.identityId === login.identityId;
    this.write({ ...login, orgId: isSame ? before.orgId : undefined });
  }

  write({ url, identityId, token, tokenExpiresAt, orgId }: Profile): void {
    const kept = {
      ...{ url, identity_id: identityId, token, token_expires_at: tokenExpiresAt },
      org_id: orgId, // left out where it is undefined
    };
    writeSecretFile(this.profilePath, `${JSON.stringify(kept, null, 2)}\n`);
  }
}

function readProfileFile(path: string): string | undefined {
  try {
    return readIfThere(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The profile cannot be read: ${reason}. Put that right, or set XDG_CONFIG_HOME.`;
    throw new CommandFailed(message, { cause });
  }
}

function parseObject(content: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {}; // cut off, or somebody has edited it
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
