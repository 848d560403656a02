import type { Novacore, Site, StreamEvent } from "@novacore/client";
import type { EnrichedReading } from "@novacore/protocol";
import type { Context } from "./context.ts";
import { Redraw } from "./redraw.ts";
import { TailTable } from "./tail-table.ts";

/** How readings are shown as they come, and what happens to their stream. */
export interface TailView {
  show(reading: EnrichedReading): Promise<void>;
  tell(event: StreamEvent): void;
  close(): Promise<void>;
}

/** Each reading as a line of JSON. */
export function openLines({ output, progress, say }: Context): TailView {
  const tell = createTeller(say);
  progress.show("Waiting for readings");
  return {
    show(reading) {
      progress.done();
      return output.json(reading);
    },
    tell,
    close: async () => undefined,
  };
}

/** An eye is not faster, and a redraw of every reading would keep the terminal busy. */
const redrawMs = 250;

/** A table that is drawn over in place, with the last reading of each DER. */
export async function openTable(nova: Novacore, context: Context): Promise<TailView> {
  const { output, progress, say, signal } = context;
  const sites = await nova.request<readonly Site[]>("GET", "sites", { signal });
  const table = new TailTable(new Map(sites.map(({ id, name }) => [id, name])));
  progress.show("Waiting for readings");
  const redraw = new Redraw(output);
  // One after the other, so that what is said does not land within the table.
  let drawn = Promise.resolve();
  const then = (next: () => Promise<void>) => {
    drawn = drawn.then(next).catch(() => undefined); // a terminal that is gone ends the command
  };
  const draw = async () => {
    if (table.isEmpty) return;
    progress.done();
    const style = { ...output.tableStyle, widthMax: output.columns - 1 };
    await redraw.show(table.lines(Date.now(), style));
  };
  const timer = setInterval(() => then(draw), redrawMs);
  const tell = createTeller((line) =>
    then(async () => {
      await redraw.clear();
      say(line);
    }),
  );
  return {
    show: async (reading) => table.take(reading),
    tell(event) {
      if (event.kind === "liveness") table.takeLiveness(event);
      tell(event);
    },
    async close() {
      clearInterval(timer);
      then(draw);
      await drawn;
    },
  };
}

/** Says what people want to know of a connection: that it is lost, that it is back, what is missing. */
function createTeller(say: (line: string) => void): (event: StreamEvent) => void {
  let isLost = false;
  return (event) => {
    if (event.kind === "lost") {
      isLost = true;
      const seconds = Math.ceil(event.retryInMs / 1_000);
      say(`Connection lost: ${event.error.message} Trying again in ${seconds} s.`);
    } else if (event.kind === "connected" && isLost) {
      isLost = false;
      say("Connected again; what was missed comes now.");
    } else if (event.kind === "reset") {
      say(`Readings may be missing here: ${event.reason}.`);
    }
  };
}
