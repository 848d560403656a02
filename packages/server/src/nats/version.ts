/** Below 2.12.12 there are known access-control holes; 2.15 makes an fsync per batch affordable. */
export const natsVersionMin = "2.15.1";

export function isNewEnough(version: string): boolean {
  const wanted = natsVersionMin.split(".").map(Number);
  const found = version.split(/[.-]/).slice(0, 3).map(Number);
  for (const [i, part] of wanted.entries()) {
    const other = found[i] ?? 0;
    if (Number.isNaN(other) || other < part) return false;
    if (other > part) return true;
  }
  return true;
}

/** Throws one sentence when `version` is older than what the hub relies on. */
export function assertVersion(version: string, what: string): void {
  if (isNewEnough(version)) return;
  throw new Error(
    `${what} is version ${version}, but the hub needs ${natsVersionMin} or newer; update it, ` +
      "or unset NATS_URL and NOVACORE_NATS_SERVER to let the hub fetch one.",
  );
}
