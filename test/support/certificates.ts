import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { findTool } from "./tools.ts";

export interface Certificate {
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: string;
  readonly key: string;
}

export interface CertificateMaker {
  /** The program that makes them. */
  readonly openssl: string;
  /** A folder of the test's own. */
  readonly folder: string;
  /** A self-signed certificate for this machine's loopback address. */
  make(name: string, days?: number): Certificate;
}

/** Undefined when there is no openssl here, having said so; with CI=true that is a failure. */
export function certificateMaker(t: TestContext): CertificateMaker | undefined {
  const openssl = findTool("openssl");
  if (openssl === undefined) {
    t.skip("openssl is not installed");
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), "novacore-tls-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return {
    openssl,
    folder,
    make(name, days = 90) {
      const [certPath, keyPath] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
      execFileSync(
        openssl,
        [
          ...[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
          ],
          ...["-keyout", keyPath, "-out", certPath, "-days", `${days}`, "-subj", `/CN=${name}`],
          ...["-addext", "subjectAltName=IP:127.0.0.1"],
        ],
        { stdio: "ignore" },
      );
      const [cert, key] = [readFileSync(certPath, "utf8"), readFileSync(keyPath, "utf8")];
      return { certPath, keyPath, cert, key };
    },
  };
}
