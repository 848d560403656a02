import type { ReadingStream } from "@novacore/client";
import { defineCommand } from "../command.ts";
import { isCursor } from "../cursor-file.ts";
import { optional } from "../field.ts";
import { pastTime, wholeNumber } from "../readers.ts";
import { chooseSource, sourceOptions } from "../readings-source.ts";
import { openLines, openTable, type TailView } from "../tail-view.ts";
import { Ending } from "../terminal.ts";

export const tail = defineCommand({
  summary: "Watch readings as they come",
  notes:
    "At a terminal: a table with the last reading of each DER. In a pipe, or with --json: each " +
    "reading as a line of JSON. A connection that is lost comes back by itself and misses nothing.",
  options: {
    ...sourceOptions,
    since: optional("TIME", "Begin in the past: 10m, 2h, 3d, or ISO-8601", pastTime()),
    cursor: optional("CURSOR", "Begin right after this position, which an earlier tail told"),
    limit: optional("N", "End after so many readings", wholeNumber(1, 1_000_000_000)),
  },
  examples: [
    "novacore tail",
    "novacore tail --site sit-01J… --types pv,battery",
    "novacore tail --since 1h --limit 1000 > readings.ndjson",
    "novacore tail | jq -r '[.der_name, .W] | @tsv'",
  ],
  stopMs: 1_000,
  async run(given, context) {
    const { connect, output, signal, say } = context;
    const { types, since, cursor, device: devices, der: ders, limit = Infinity } = given;
    const connected = await connect({ transport: given.transport });
    const { nova } = connected;
    const source = await chooseSource(connected, given, signal);
    const isTable = output.isTerminal && !output.isJson;
    const snapshot = isTable && since === undefined && cursor === undefined;
    const selection = { types, devices, ders, since, cursor, snapshot, liveness: isTable };
    const stream = source.readings({ ...selection, signal });
    const view = isTable ? await openTable(nova, context) : openLines(context);
    stream.onEvent((event) => view.tell(event));
    try {
      await showAll(stream, view, limit);
    } finally {
      await view.close();
      const isInterrupted = signal.reason instanceof Ending && signal.reason.exitCode !== 0;
      const position = isInterrupted ? stream.cursor : undefined;
      // Somebody pastes it into a shell.
      if (position !== undefined && isCursor(position))
        say(`To go on from here: novacore tail --cursor ${position}`);
    }
  },
});

async function showAll(stream: ReadingStream, view: TailView, limit: number): Promise<void> {
  let count = 0;
  for await (const reading of stream) {
    await view.show(reading);
    count++;
    if (count >= limit) break;
  }
}
