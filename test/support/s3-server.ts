import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { takePort } from "./ports.ts";
import { findTool } from "./tools.ts";

const credentials = { AWS_ACCESS_KEY_ID: "test-key", AWS_SECRET_ACCESS_KEY: "test-secret" };

/** A real S3 server with one bucket, `archive`, whose objects are files in `folder`. */
export interface S3Server {
  readonly endpoint: string;
  readonly folder: string;
  /** For a hub's environment. */
  readonly env: Readonly<Record<string, string>>;
  bucket(prefix?: string): {
    readonly name: string;
    readonly prefix: string;
    readonly endpoint: string;
    readonly region: string;
    readonly cacheBytesMax: number;
  };
  start(): Promise<void>;
  /** As a power cut ends it. */
  stop(): Promise<void>;
}

/** Undefined: versitygw is not installed. The credentials are in this process's environment, too. */
export async function startS3(t: TestContext): Promise<S3Server | undefined> {
  const program = findTool("versitygw");
  if (program === undefined) return undefined;
  const data = mkdtempSync(join(tmpdir(), "novacore-s3-"));
  const folder = join(data, "archive");
  mkdirSync(folder);
  const port = await takePort();
  const endpoint = `http://127.0.0.1:${port}`;
  let stop: () => Promise<void> = async () => undefined;
  const start = async () => {
    const env = { ...process.env, ROOT_ACCESS_KEY: "test-key", ROOT_SECRET_KEY: "test-secret" };
    const args = ["--port", `127.0.0.1:${port}`, "--quiet", "posix", data];
    const child = spawn(program, args, { env, stdio: "ignore" });
    stop = async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    };
    while (!(await listens(port))) {
      if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}`);
      await setTimeout(20);
    }
  };
  await start();
  t.after(async () => {
    await stop();
    rmSync(data, { recursive: true, force: true });
  });
  Object.assign(process.env, credentials);
  const region = "us-east-1";
  return {
    ...{ endpoint, folder, start, stop: () => stop() },
    env: { ...credentials, AWS_ENDPOINT_URL_S3: endpoint, AWS_REGION: region },
    bucket: (prefix = "hub/") => ({
      ...{ name: "archive", prefix, endpoint, region, cacheBytesMax: 1024 ** 3 },
    }),
  };
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
