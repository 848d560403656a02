import { setTimeout as delay } from "node:timers/promises";
import { createPace, type Pace } from "@novacore/simulator/pace";
import { defineCommand } from "../command.ts";
import { CursorFile } from "../cursor-file.ts";
import { CommandFailed, UsageError } from "../failure.ts";
import { optional } from "../field.ts";
import { decimal, pastTime } from "../readers.ts";
import { chooseSource, sourceOptions } from "../readings-source.ts";
import { Ending } from "../terminal.ts";

export const replay = defineCommand({
  summary: "Give out all readings from a time or a position up to now, and end",
  notes:
    "Each reading is a line of JSON, in the order in which the hub stored them. With --cursor-file the " +
    "position behind the last one is kept, and the next run goes on there: it has what was stored " +
    "since, each once. After a kill -9 up to a second's readings come again. It fails at its end where " +
    "readings may be missing, because the hub does not have that position any more.",
  options: {
    ...sourceOptions,
    since: optional("TIME", "Begin there: 10m, 2h, 3d, or ISO-8601", pastTime()),
    cursor: optional("CURSOR", "Begin right after this position"),
    cursorFile: optional("FILE", "Keep the position there; --since is for the first run"),
    speed: optional(
      "TIMES",
      "Not at once, but at the pace in which they came, times this",
      decimal(0.001, 100_000),
    ),
  },
  examples: [
    "novacore replay --site sit-01J… --since 1d > day.ndjson",
    "novacore replay --org org-01J… --since 7d --cursor-file position >> readings.ndjson",
    "novacore replay --site sit-01J… --since 1h --speed 60 | jq .W",
  ],
  stopMs: 2_000,
  async run(given, { connect, output, progress, signal, say }) {
    const file = given.cursorFile === undefined ? undefined : new CursorFile(given.cursorFile);
    const start = startOf(given, file?.read());
    const connected = await connect({ transport: given.transport });
    const { types, device: devices, der: ders } = given;
    const source = await chooseSource(connected, given, signal);
    const stream = source.readings({ types, devices, ders, ...start, signal });
    let gap: string | undefined;
    stream.onEvent((event) => {
      if (event.kind === "caught_up") stream.close();
      if (event.kind === "lost") say("The connection is lost; it comes back by itself.");
      if (event.kind === "reset") gap = event.reason;
    });
    const pace = given.speed === undefined ? undefined : new OriginalPace(given.speed, signal);
    let count = 0;
    let position: string | undefined;
    try {
      for await (const reading of stream) {
        await pace?.until(reading.received_at);
        await output.json(reading);
        position = stream.cursor; // not before: what is held back by the pace is not given out yet
        file?.keep(position);
        progress.show(`${++count} readings`);
      }
      if (!signal.aborted) position = stream.cursor; // behind what was not wanted, too
    } finally {
      // What a reader has not read that went away before its end is to come again.
      if (!isReaderGone(signal)) file?.save(position);
    }
    if (gap !== undefined && !signal.aborted) {
      throw new CommandFailed(`Readings may be missing: the hub answered the position by ${gap}.`);
    }
  },
});

interface GivenStart {
  readonly since: number | undefined;
  readonly cursor: string | undefined;
}

/** What an earlier run has left wins: it goes on there. */
function startOf({ since, cursor }: GivenStart, kept: string | undefined) {
  if (kept !== undefined) return { cursor: kept };
  if (cursor !== undefined) return { cursor };
  if (since !== undefined) return { since };
  throw new UsageError("give --since or --cursor; a --cursor-file has none before the first run.");
}

/** Readings leave with the pauses between them with which they reached the hub, or a share of them. */
class OriginalPace {
  readonly #speed: number;
  readonly #signal: AbortSignal;
  #pace: Pace | undefined;

  constructor(speed: number, signal: AbortSignal) {
    this.#speed = speed;
    this.#signal = signal;
  }

  async until(receivedMs: number): Promise<void> {
    this.#pace ??= createPace(this.#speed, receivedMs, performance.now());
    const waitMs = this.#pace.waitMs(receivedMs, performance.now());
    if (waitMs > 0) await delay(waitMs, undefined, { signal: this.#signal });
  }
}

function isReaderGone({ reason }: AbortSignal): boolean {
  return reason instanceof Ending && reason.exitCode === 0;
}
