import { decodeCursor, NovacoreError, namePattern, Selection } from "@novacore/protocol";
import { Value } from "typebox/value";
import { secondsFault } from "../epoch-seconds.ts";
import { limits } from "../limits.ts";
import type { DeliveredEvent } from "./event.ts";
import { schemaFaults } from "./schema-faults.ts";

/** Where a stream starts. */
export type Start =
  | { readonly kind: "live" }
  | { readonly kind: "cursor"; readonly epoch: number; readonly sequence: number }
  | { readonly kind: "time"; readonly timeMs: number };

/** Checks a selection; throws `validation_failed` with the path of every member that is wrong. */
export function parseSelection(input: unknown): Selection {
  if (Value.Check(Selection, input)) {
    if (input.mode === "all" && input.min_interval_ms !== undefined) {
      throw invalid("/mode", "mode=all sends every reading, so it cannot have min_interval_ms");
    }
    return input;
  }
  throw new NovacoreError("validation_failed", undefined, {
    details: schemaFaults(Selection, input),
  });
}

/** A selection as a query string has it: lists by comma or repetition, numbers and flags as text. */
export function parseSelectionQuery(query: Readonly<Record<string, unknown>>): Selection {
  const input: Record<string, unknown> = {};
  for (const name of ["types", "devices", "ders"]) {
    const values = listOf(query[name]);
    const count = values?.length ?? 0;
    // Before they are compared with one another, which takes seconds where there are thousands.
    if (count > limits.filterIdsMax) {
      const fault = `${count} values are more than the ${limits.filterIdsMax} allowed`;
      throw invalid(`/${name}`, fault);
    }
    if (values !== undefined) input[name] = values;
  }
  for (const name of ["since", "cursor", "mode"]) {
    const value = query[name];
    if (value !== undefined && value !== "") input[name] = value;
  }
  const interval = query.min_interval_ms;
  if (interval !== undefined && interval !== "0") {
    input.min_interval_ms = /^\d{1,9}$/.test(String(interval)) ? Number(interval) : interval;
  }
  const snapshot = query.snapshot;
  if (snapshot !== undefined) input.snapshot = flagOf(snapshot);
  const { liveness } = query;
  if (liveness !== undefined) input.liveness = flagOf(liveness);
  return parseSelection(input);
}

/** Site ids of a query: `?site=a&site=b` or `?site=a,b`. */
export function parseSiteIds(value: unknown): readonly string[] {
  const ids = [...new Set(listOf(value) ?? [])];
  if (ids.length === 0) throw invalid("/site", "name at least one site: ?site=…");
  if (ids.length > limits.streamSitesMax) {
    throw invalid(
      "/site",
      `${ids.length} sites are more than the ${limits.streamSitesMax} allowed`,
    );
  }
  const wrong = ids.find((id) => !namePattern.test(id));
  if (wrong !== undefined) throw invalid("/site", "a site id has a character that no id has");
  return ids;
}

/**
 * Where a stream starts. A `Last-Event-ID` wins, since EventSource repeats the query of its first
 * connection at each reconnect; then `cursor`, then `since`. Throws `cursor_invalid`.
 */
export function startOf(selection: Selection): Start {
  const { cursor, since } = selection;
  if (cursor !== undefined) {
    const position = decodeCursor(cursor);
    if (position === undefined) throw new NovacoreError("cursor_invalid", cursorSentence(cursor));
    return { kind: "cursor", ...position };
  }
  if (since === undefined) return { kind: "live" };
  const position = decodeCursor(String(since));
  if (position !== undefined) return { kind: "cursor", ...position };
  const fault = secondsFault(String(since));
  if (fault !== undefined) throw invalid("/since", fault);
  const timeMs = /^\d{1,16}$/.test(String(since)) ? Number(since) : Date.parse(String(since));
  if (Number.isFinite(timeMs) && timeMs >= 0 && timeMs <= 8.64e15) return { kind: "time", timeMs };
  throw invalid("/since", "give epoch milliseconds, an ISO-8601 time or a cursor");
}

/** Whether the filters of a selection let an event pass; the sites are the feed's business. */
export function createMatcher(
  selection: Selection,
): ((event: Pick<DeliveredEvent, "address" | "type">) => boolean) | undefined {
  const { types, devices, ders } = selection;
  if (types === undefined && devices === undefined && ders === undefined) return undefined;
  const typeSet = types && new Set<string>(types);
  const deviceSet = devices && new Set(devices);
  const derSet = ders && new Set(ders);
  return (event) =>
    (derSet === undefined || derSet.has(event.address.derId)) &&
    (deviceSet === undefined || deviceSet.has(event.address.deviceId)) &&
    (typeSet === undefined || typeSet.has(event.type));
}

/** Names equal filters equally: listeners with the same key share every byte. */
export function filterKey({ types, devices, ders }: Selection): string {
  const part = (values: readonly string[] | undefined) => values?.toSorted().join(",") ?? "";
  return `${part(types)};${part(devices)};${part(ders)}`;
}

/** A cursor goes into an SSE field, so CR, LF and NUL in it are event splitting, named as such. */
function cursorSentence(cursor: string): string {
  return /[\r\n\0]/.test(cursor)
    ? "The cursor holds a line break or NUL, which would split an SSE event; it was refused."
    : "The cursor is not one that this hub made; leave it out to start now.";
}

function listOf(value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  const parts = (Array.isArray(value) ? value : [value]).flatMap((part) => String(part).split(","));
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

function flagOf(value: unknown): unknown {
  if (value === "" || value === "true" || value === "1" || value === true) return true;
  if (value === "false" || value === "0" || value === false) return false;
  return value;
}

function invalid(path: string, message: string): NovacoreError {
  return new NovacoreError("validation_failed", `${path.slice(1)}: ${message}`, {
    details: [{ path, message }],
  });
}
