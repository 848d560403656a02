/** The thread in which DuckDB answers queries: what it takes never holds up readings. */
import { parentPort, workerData } from "node:worker_threads";
import { NovacoreError } from "@novacore/protocol";
import { type Connection, Duck, type DuckOptions } from "../duck/database.ts";
import type { DuckAnswer, DuckOrder, Job, JobResult } from "./duck-jobs.ts";
import { runEnergy } from "./energy-run.ts";
import { runRange } from "./range-run.ts";
import { select } from "./select.ts";

if (parentPort === null) throw new Error("this is a worker thread and nothing else");
const port = parentPort;
const options: DuckOptions = workerData;
const duck = await Duck.open(options);
const running = new Map<number, Run>();

interface Run {
  connection: Connection | undefined;
  isInterrupted: boolean;
  again: NodeJS.Timeout | undefined;
}

port.on("message", (order: DuckOrder) => {
  switch (order.kind) {
    case "run":
      void run(order.id, order.job);
      break;
    case "interrupt":
      interrupt(order.id);
      break;
  }
});

async function run(id: number, job: Job): Promise<void> {
  const state: Run = { connection: undefined, isInterrupted: false, again: undefined };
  running.set(id, state);
  const check = () => {
    if (state.isInterrupted) throw new Error("interrupted");
  };
  try {
    using connection = await duck.connect();
    state.connection = connection;
    check();
    const result = await runJob(connection, job, check);
    tell({ kind: "done", id, result });
  } catch (error) {
    const { code, details } = error instanceof NovacoreError ? error : { details: [] };
    const message = error instanceof Error ? error.message : String(error);
    tell({ kind: "failed", id, code, message, details });
  } finally {
    clearInterval(state.again);
    running.delete(id);
  }
}

async function runJob(connection: Connection, job: Job, check: () => void): Promise<JobResult> {
  switch (job.kind) {
    case "range":
      return { kind: "range", ...(await runRange(connection, job.range, options.tempDir, check)) };
    case "select":
      return { kind: "select", result: await select(connection, job) };
    case "energy":
      return { kind: "energy", energy: await runEnergy(connection, job, check) };
  }
}

/**
 * DuckDB forgets an interruption when a statement begins, so one that falls between two would be lost:
 * it is repeated until the query has ended.
 */
function interrupt(id: number): void {
  const run = running.get(id);
  if (run === undefined || run.isInterrupted) return;
  run.isInterrupted = true;
  run.connection?.interrupt();
  run.again = setInterval(() => run.connection?.interrupt(), interruptMs);
}

const interruptMs = 20;

function tell(answer: DuckAnswer): void {
  const isBytes = answer.kind === "done" && answer.result.kind === "range";
  port.postMessage(answer, isBytes ? [answer.result.body.buffer] : []);
}
