import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type Server } from "node:tls";
import { settings } from "./config.ts";
import { limits } from "./limits.ts";

const { env: certEnv } = settings.tlsCert;
const { env: keyEnv } = settings.tlsKey;

/** The PEM files of the hub's certificate (the chain, its own first) and private key. */
export interface TlsFiles {
  readonly certPath: string;
  readonly keyPath: string;
}

/** The certificate that the hub's ports present, the newest of its files. */
export interface Tls {
  /** What a server is created with. */
  context(): { readonly cert: string; readonly key: string; readonly minVersion: "TLSv1.2" };
  /** Gives a server every new certificate; connections that are open keep the one they have. */
  attach(server: Server): void;
  /** Stops watching the files. */
  stop(): void;
}

export interface TlsOptions {
  readonly files: TlsFiles;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** How often the files are looked at. */
  readonly pollMs?: number;
}

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads the files and follows their changes. Rejects with one sentence that names the file when they
 * cannot be used. Later on a broken pair is logged once and the one in use stays.
 *
 * The contents are compared, not times or inodes, and no watcher is set: whoever renews certificates
 * overwrites files, renames new ones over them or swaps a symbolic link of their folder, and a few
 * kilobytes every few seconds are the one way that sees all of these.
 */
export async function openTls(options: TlsOptions): Promise<Tls> {
  const { files, log, pollMs = limits.tlsPollMs } = options;
  const servers = new Set<Server>();
  let current = await readPair(files);
  let certificate = checkPair(current, files);
  let warnedOf: string | undefined;
  const warnOfExpiry = () => {
    const leftMs = certificate.validToDate.getTime() - Date.now();
    if (leftMs > limits.tlsExpiryWarningMs || warnedOf === current.cert) return;
    warnedOf = current.cert;
    const said = leftMs > 0 ? "expires soon" : "has expired";
    const fields = { event: "tls_expiry", file: files.certPath, valid_to: certificate.validTo };
    log.warn(fields, `the TLS certificate ${said}; renew it`);
  };
  warnOfExpiry();

  const use = (next: Pair) => {
    certificate = checkPair(next, files);
    current = next;
    for (const server of servers) server.setSecureContext(contextOf(next));
    log.info(
      { event: "tls_reloaded", valid_to: certificate.validTo },
      "new connections get the new TLS certificate",
    );
  };
  const complain = createComplaint(log);
  const look = async () => {
    try {
      const next = await readPair(files);
      if (next.cert !== current.cert || next.key !== current.key) use(next);
      complain.nothing();
    } catch (error) {
      complain.about(error instanceof Error ? error.message : String(error));
    }
    warnOfExpiry();
  };
  let stopped = false;
  const schedule = () => setTimeout(() => void look().then(() => again()), pollMs).unref();
  let timer = schedule();
  const again = () => {
    if (!stopped) timer = schedule();
  };
  return {
    context: () => contextOf(current),
    attach(server) {
      servers.add(server);
      server.once("close", () => servers.delete(server));
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/**
 * Logs a sentence once, and only when it is true twice running: between the writing of a new
 * certificate and of its key the pair is broken for a moment.
 */
function createComplaint(log: TlsOptions["log"]) {
  let last: string | undefined;
  let said: string | undefined;
  return {
    nothing() {
      last = undefined;
      said = undefined;
    },
    about(sentence: string) {
      if (sentence === last && sentence !== said) {
        log.error({ event: "tls_reload_failed" }, `${sentence} The certificate in use stays.`);
        said = sentence;
      }
      last = sentence;
    },
  };
}

function contextOf({ cert, key }: Pair) {
  return { cert, key, minVersion: "TLSv1.2" } as const;
}

async function readPair({ certPath, keyPath }: TlsFiles): Promise<Pair> {
  return {
    cert: await readPem(certEnv, certPath),
    key: await readPem(keyEnv, keyPath),
  };
}

async function readPem(env: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${env} is "${path}", which cannot be read (${reason}).`, { cause });
  }
}

/** Says in one sentence what is wrong with a pair, before OpenSSL says it in a number. */
function checkPair(pair: Pair, { certPath, keyPath }: TlsFiles): X509Certificate {
  const certificate = parseCertificate(pair.cert, certPath);
  const key = parseKey(pair.key, keyPath);
  if (!certificate.checkPrivateKey(key)) {
    throw new Error(
      `The private key in "${keyPath}" (${keyEnv}) does not belong to the first ` +
        `certificate in "${certPath}" (${certEnv}); give a pair.`,
    );
  }
  try {
    createSecureContext(contextOf(pair));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The certificate in "${certPath}" is of no use for TLS (${reason}).`, {
      cause,
    });
  }
  return certificate;
}

function parseCertificate(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new Error(notPem(certEnv, path, "certificate"), { cause });
  }
}

function parseKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    if (pem.includes("ENCRYPTED")) {
      throw new Error(
        `${keyEnv} is "${path}", which is protected by a passphrase; give the key without.`,
        { cause },
      );
    }
    throw new Error(notPem(keyEnv, path, "private key"), { cause });
  }
}

function notPem(env: string, path: string, what: string): string {
  return `${env} is "${path}", which holds no ${what} in PEM form.`;
}
