import { extname } from "node:path";
import { type HistoryFormat, type HistoryOptions, NovacoreError } from "@novacore/client";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failure.ts";
import { optional, several } from "../field.ts";
import { showHistory } from "../history-table.ts";
import { chooseTarget, type HistoryTarget, targetOptions } from "../history-target.ts";
import { openOutputFile } from "../output-file.ts";
import { oneOf, timeOrDate, wholeNumber } from "../readers.ts";

const formats = ["csv", "ndjson", "parquet", "arrow", "json"] as const;
type Format = (typeof formats)[number];

const formatByExtension: Readonly<Record<string, Format>> = {
  ...{ ".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet" },
  ...{ ".arrow": "arrow", ".arrows": "arrow", ".json": "json" },
};

const dayMs = 86_400_000;

export const history = defineCommand({
  summary: "Show the past of a site, device or DER, or write it to a file",
  notes:
    "A table has W alone unless --fields says otherwise; files and JSON have all numbers. With " +
    "--resolution raw come single readings as they were stored, as JSON, a line each. Bars are drawn " +
    "at a terminal.",
  options: {
    ...targetOptions,
    from: optional("TIME", "As 7d, 2026-11-01, or ISO-8601; default: 1d", timeOrDate()),
    to: optional("TIME", "Default: now", timeOrDate()),
    resolution: optional("TIME", "1s to 1d, auto (the default), or raw"),
    fields: several("FIELD", "Members of readings, as W,SoC_nom_fract"),
    agg: several(
      "HOW",
      "mean (the default), min, max, first, last; or lttb alone",
      oneOf(["mean", "min", "max", "first", "last", "lttb"]),
    ),
    fill: optional(
      "HOW",
      "Rows where nothing was sent: none (the default), null or previous",
      oneOf(["none", "null", "previous"]),
    ),
    tz: optional("ZONE", "IANA name, for hours and days; default: the site's"),
    maxPoints: optional("N", "Rows of a DER at most, for auto and lttb", wholeNumber(2, 100_000)),
    format: optional("FORMAT", formats.join(", "), oneOf(formats)),
    output: optional("FILE", "Write to this file; its ending says the format"),
  },
  examples: [
    "novacore history --from 7d --resolution 1h",
    "novacore history --der der-01J… --fields W,SoC_nom_fract --agg min,max",
    "novacore history --site sit-01J… --from 2026-01-01 --resolution 15m --output year.parquet",
    "novacore history --device dev-01J… --resolution raw --json | jq .W",
  ],
  stopMs: 2_000, // to take away what is unfinished
  async run(given, context) {
    const { connect, output, signal } = context;
    const { site, device, der, from = Date.now() - dayMs, to, format, output: path } = given;
    const { resolution, fields, agg, fill, tz, maxPoints } = given;
    const wanted = format ?? (path === undefined ? undefined : formatOfFile(path));
    const file = path === undefined ? undefined : await openOutputFile(path, "--output", signal);
    const target = await chooseTarget(await connect(), { site, device, der }, signal);
    const options = { from, to, resolution, fields, agg, fill, tz, maxPoints, signal };
    if (wanted === undefined && !output.isJson && resolution !== "raw") {
      const shown = await target.past.history({ ...options, fields: fields ?? ["W"] });
      return showHistory(shown, await target.names(), output);
    }
    const chosen = wanted ?? "ndjson";
    const content =
      resolution === "raw"
        ? rawLines(target, options, chosen)
        : await bytesOf(target, options, chosen);
    if (file === undefined) return writeOut(content, chosen, context);
    const onBytes = (bytes: number) => context.progress.show(`${sizeText(bytes)} to ${path}`);
    const bytes = await file.write(content, onBytes);
    context.progress.done();
    await output.done(`Wrote ${sizeText(bytes)} to ${path}.`, {
      file: path,
      format: chosen,
      bytes,
    });
  },
});

function formatOfFile(path: string): Format {
  const format = formatByExtension[extname(path).toLowerCase()];
  if (format !== undefined) return format;
  throw new UsageError(`"${path}" does not say its format by its ending; give --format.`);
}

type Bytes = AsyncIterable<Uint8Array>;

async function bytesOf(
  { past }: HistoryTarget,
  options: HistoryOptions,
  format: HistoryFormat | "json",
): Promise<Bytes> {
  if (format === "json") return linesOf([await past.history(options)]);
  const { body } = await past.historyAs(format, options);
  return body === null ? linesOf([]) : wholeOf(body, options.signal);
}

/** Fetch says of a body that is cut off only that it was "terminated". */
async function* wholeOf(body: Bytes, signal: AbortSignal | undefined): Bytes {
  try {
    yield* body;
  } catch (cause) {
    signal?.throwIfAborted();
    const message = "The connection to the hub was lost in the middle of its answer.";
    throw new NovacoreError("connection_lost", message, { cause });
  }
}

/** All pages, one after the other. */
function rawLines({ past }: HistoryTarget, options: HistoryOptions, format: Format): Bytes {
  const { from, to, signal, ...others } = options;
  const wrong = Object.entries(others).find(
    ([name, value]) => value !== undefined && name !== "resolution",
  );
  if (wrong !== undefined) {
    throw new UsageError(`--resolution raw gives readings as they are; leave --${wrong[0]} out.`);
  }
  if (format !== "ndjson") {
    throw new UsageError(`raw readings come as ndjson; for ${format} give a --resolution, as 1s.`);
  }
  return linesOf(past.pastReadings({ from, to, signal, pageSize: 10_000 }));
}

async function* linesOf(items: Iterable<object> | AsyncIterable<object>): Bytes {
  for await (const item of items) yield Buffer.from(`${JSON.stringify(item)}\n`);
}

async function writeOut(content: Bytes, format: Format, { output }: Context): Promise<void> {
  if (output.isTerminal && (format === "parquet" || format === "arrow")) {
    throw new UsageError(`${format} is not for a terminal; give --output, or a pipe.`);
  }
  for await (const chunk of content) await output.write(chunk);
}

function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
