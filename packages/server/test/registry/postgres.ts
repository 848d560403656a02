import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync } from "node:fs";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { takePort } from "../../../../test/support/ports.ts";

/** A PostgreSQL cluster of its own, on a free port of 127.0.0.1, in a temporary folder. */
export interface PostgresCluster extends AsyncDisposable {
  /** The URL of a new, empty database. */
  createDatabase(): Promise<string>;
}

/** Where initdb and postgres are (Debian keeps them off PATH); undefined when not installed. */
export function findPostgres(): string | undefined {
  const debian = globSync("/usr/lib/postgresql/*/bin").sort().reverse();
  const folders = [...debian, ...(process.env.PATH ?? "").split(":")];
  return folders.find((folder) =>
    ["initdb", "postgres"].every((program) => existsSync(join(folder, program))),
  );
}

/** Starts a cluster; `user` and `password` are in its URLs, so that a leak of them can be seen. */
export async function startPostgres(bin: string, password: string): Promise<PostgresCluster> {
  const user = await unprivilegedUser();
  const folder = await mkdtemp(join(tmpdir(), "novacore-pg-"));
  if (user.uid !== undefined) await chown(folder, user.uid, user.gid ?? user.uid);
  const data = join(folder, "data");
  // Trust is for this cluster alone: nothing but this machine reaches it, for the time of a test.
  const initdb = [
    "-D",
    data,
    "-U",
    "novacore",
    "--auth=trust",
    "--no-sync",
    "--locale=C",
    "-E",
    "UTF8",
  ];
  await promisify(execFile)(join(bin, "initdb"), initdb, { ...user, cwd: folder });
  const port = await takePort();
  const settings = [`listen_addresses=127.0.0.1`, `unix_socket_directories=`, `fsync=off`];
  const postgres = spawn(
    join(bin, "postgres"),
    ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])],
    { ...user, cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
  );
  const exited = once(postgres, "exit");
  await ready(postgres.stderr, exited);
  let databases = 0;
  const url = (name: string) => `postgres://novacore:${password}@127.0.0.1:${port}/${name}`;
  return {
    createDatabase: async () => {
      const name = `test_${++databases}`;
      const { Client } = await import("pg").then((pg) => pg.default);
      const client = new Client({ connectionString: url("postgres") });
      await client.connect();
      try {
        await client.query(`create database ${name}`);
      } finally {
        await client.end();
      }
      return url(name);
    },
    [Symbol.asyncDispose]: async () => {
      postgres.kill("SIGINT"); // a fast shutdown: it disconnects whoever is left
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root: then it runs as the first of these users that there is. */
async function unprivilegedUser(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  for (const name of ["postgres", "nobody"]) {
    try {
      const id = async (kind: string) =>
        Number((await promisify(execFile)("id", [kind, name])).stdout);
      return { uid: await id("-u"), gid: await id("-g") };
    } catch {
      // No such user on this machine: the next one.
    }
  }
  throw new Error("PostgreSQL does not run as root, and there is no user postgres or nobody.");
}

async function ready(stderr: NodeJS.ReadableStream, exited: Promise<unknown>): Promise<void> {
  let said = "";
  const listening = new Promise<void>((resolve) => {
    stderr.on("data", (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-10_000);
      if (said.includes("ready to accept connections")) resolve();
    });
  });
  const died = exited.then(() => {
    throw new Error(`PostgreSQL ended at its start: ${said}`);
  });
  await Promise.race([listening, died]);
}
