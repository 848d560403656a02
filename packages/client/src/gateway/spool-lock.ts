import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { createServer } from "node:net";
import { NovacoreError } from "../errors.ts";

/**
 * Holds a folder for this process, so that no second one writes to it. A name that the system itself
 * gives back when a process dies, whatever of: a file with a process id would stand in the way of the
 * next start after a power cut. macOS has no such names, and there is no lock there; nor does it
 * reach from one container to another.
 */
export async function lockSpool(path: string): Promise<() => Promise<void>> {
  // By what the folder is, as it may have several paths: by a bind mount, or another letter case.
  const { dev, ino } = await stat(path, { bigint: true });
  const name = createHash("sha256").update(`${dev}:${ino}`).digest("hex").slice(0, 32);
  const address = addresses[process.platform]?.(`novacore-spool-${name}`);
  if (address === undefined) return async () => undefined;
  const server = createServer((socket) => socket.destroy()).unref();
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      const message = `The spool ${path} is open already: give each gateway a folder of its own.`;
      reject(new NovacoreError("spool_in_use", message, { cause }));
    });
    server.listen(address, resolve);
  });
  return () => new Promise((resolve) => server.close(() => resolve()));
}

const addresses: Partial<Record<NodeJS.Platform, (name: string) => string>> = {
  linux: (name) => `\0${name}`, // an abstract socket: it has no file
  android: (name) => `\0${name}`,
  win32: (name) => `\\\\.\\pipe\\${name}`,
};
