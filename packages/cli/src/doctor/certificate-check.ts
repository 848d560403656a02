import { connect, type PeerCertificate } from "node:tls";
import { type Finding, failure, ok, skipped, warning } from "./finding.ts";
import { isLocal } from "./local-host.ts";

/** An operator needs this long to notice, and a renewal by ACME comes before. */
const daysMin = 14;
const answerMs = 5_000;
const dayMs = 86_400_000;

/** Whether the way to the hub is encrypted by a certificate that is good, and for how long. */
export async function checkCertificate(url: URL, nowMs = Date.now()): Promise<Finding> {
  const check = "TLS";
  if (url.protocol === "http:") {
    return isLocal(url)
      ? skipped(check, "the hub is on this machine")
      : warning(
          check,
          "none: tokens and readings cross the network in the open",
          "set NOVACORE_TLS_CERT and NOVACORE_TLS_KEY at the hub, or put a proxy with TLS before it",
        );
  }
  try {
    const { certificate, problem } = await readCertificate(url);
    const daysLeft = Math.floor((Date.parse(certificate.valid_to) - nowMs) / dayMs);
    const until = `until ${new Date(certificate.valid_to).toISOString().slice(0, 10)}`;
    if (problem !== undefined) {
      const fix =
        "renew it, or have it signed for this name; for a certificate of your own set NODE_EXTRA_CA_CERTS";
      return failure(check, `${problem} (valid ${until})`, fix);
    }
    if (daysLeft < daysMin) {
      return warning(check, `the certificate is valid for ${daysLeft} more days`, "renew it");
    }
    return ok(check, `the certificate is valid ${until}, ${daysLeft} days`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return failure(check, `no TLS connection: ${reason}`, "check address and port");
  }
}

function readCertificate(
  url: URL,
): Promise<{ readonly certificate: PeerCertificate; readonly problem: string | undefined }> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const isName = /[a-z]/i.test(host) && !host.includes(":");
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ host, port: Number(url.port || 443), timeout: answerMs },
      ...(isName && { servername: host }),
      rejectUnauthorized: false, // what is wrong with it is what is asked
    });
    socket.once("secureConnect", () => {
      const certificate = socket.getPeerCertificate();
      const problem = socket.authorized ? undefined : String(socket.authorizationError);
      socket.destroy();
      resolve({ certificate, problem });
    });
    socket.once("timeout", () => socket.destroy(new Error(`no answer in ${answerMs / 1_000} s`)));
    socket.once("error", reject);
  });
}
