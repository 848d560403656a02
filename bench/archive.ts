/**
 * What archiving costs: a stream that was filled before is archived by the thread that the hub does it
 * by, in a process of its own, with nats-server's part in reading it and with merging. Beside it, in
 * turn, the bare part that nobody could leave out: reading the stream and parsing each reading.
 *
 *   npm run bench:archive -- [readings=2000000] [organizations=4]
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hubFlags } from "../scripts/hub-flags.mjs";
import { type HubProcess, startHubProcess } from "../test/support/hub-process.ts";
import type { WritingAnswer, WritingOrder } from "./archive/writing.ts";
import { cpuSeconds, describeMachine, forkBench } from "./whole/rig.ts";

const [readings = 2_000_000, organizations = 4] = process.argv.slice(2).map(Number);
const targetPerSecond = 15_000;
const targetShare = 0.4;

const folder = mkdtempSync(join(tmpdir(), "novacore-bench-archive-"));
console.error("Starting a hub that archives nothing …");
const hub = await startHubProcess({ NOVACORE_ARCHIVE: "off" });
const children: ChildProcess[] = [];
try {
  await bench(hub);
} finally {
  for (const child of children) child.kill();
  await hub.close();
  rmSync(folder, { recursive: true, force: true });
}

async function bench({ natsUrl, dataDir, pid }: HubProcess): Promise<void> {
  const orgs = Array.from({ length: organizations }, (_, index) => `org-${index}`);
  const bare = forkBench("bare.ts", [natsUrl, dataDir, ...orgs]);
  const program = join(import.meta.dirname, "archive", "writing.ts");
  const writing = fork(program, [natsUrl, dataDir, folder], { execArgv: [...hubFlags] });
  children.push(bare, writing);
  console.error(`Storing ${readings} readings …`);
  bare.send({ readings });
  await once(bare, "message");
  bare.kill();

  const server = natsServerPid(pid());
  const reading = await order(writing, { kind: "read" }, server);
  const archiving = await order(writing, { kind: "archive" }, server);

  const share = (answer: Measured) => answer.us * targetPerSecond * 1e-6;
  const percent = (value: number) => `${(value * 100).toFixed(0)} %`;
  console.log(`machine   ${describeMachine()}`);
  console.log(
    `archive   ${archiving.us.toFixed(1)} µs CPU a reading, ${archiving.serverUs.toFixed(1)} µs more in nats-server; ` +
      `as fast as it can: ${(archiving.readings / archiving.seconds).toFixed(0)} readings/s`,
  );
  console.log(
    `bare      ${reading.us.toFixed(1)} µs to read and parse it, ${reading.serverUs.toFixed(1)} µs in nats-server`,
  );
  console.log(
    `share     ${percent(share(archiving))} of a core at ${targetPerSecond} readings/s (target ${percent(targetShare)})`,
  );
  console.log(
    `ratio     ${(archiving.us / reading.us).toFixed(1)} times reading and parsing alone`,
  );
  console.log(`files     ${(archiving.bytes / archiving.readings).toFixed(1)} bytes a reading`);
  console.log(`memory    ${archiving.residentMib.toFixed(0)} MiB, the whole process`);
}

interface Measured extends WritingAnswer {
  readonly us: number;
  readonly serverUs: number;
}

async function order(child: ChildProcess, what: WritingOrder, server: number): Promise<Measured> {
  const before = cpuSeconds(server);
  child.send(what);
  const [answer]: WritingAnswer[] = await once(child, "message");
  if (answer === undefined) throw new Error("the process said nothing");
  const microseconds = (seconds: number) => (seconds / answer.readings) * 1e6;
  return {
    ...answer,
    us: microseconds(answer.cpuSeconds),
    serverUs: microseconds(cpuSeconds(server) - before),
  };
}

/** The hub's child. Linux only. */
function natsServerPid(hubPid: number): number {
  const children = readFileSync(`/proc/${hubPid}/task/${hubPid}/children`, "utf8");
  return Number(children.trim().split(" ")[0]);
}
