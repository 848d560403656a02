import { NovacoreError } from "@novacore/protocol";
import { contentTypes, type Format } from "../history/formats/format.ts";

/**
 * The offered format that an Accept header likes best (RFC 9110 §12.5.1); where it likes several
 * alike, the one that comes first. Throws `not_acceptable` when it takes none.
 */
export function negotiate<const F extends Format>(
  accept: string | undefined,
  offered: readonly [F, ...F[]],
): F {
  if (accept === undefined || accept.trim() === "") return offered[0];
  const ranges = accept.split(",", rangesMax).map(readRange);
  const liked = offered
    .map((format) => ({ format, quality: qualityOf(contentTypes[format], ranges) }))
    .toSorted((a, b) => b.quality - a.quality)[0];
  if (liked !== undefined && liked.quality > 0) return liked.format;
  const list = offered.map((format) => contentTypes[format]).join(", ");
  throw new NovacoreError(
    "not_acceptable",
    `This can be sent as ${list}; Accept takes none of them.`,
  );
}

const rangesMax = 32;

interface Range {
  readonly type: string;
  readonly quality: number;
}

function readRange(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  const quality = weight === undefined ? 1 : Number(weight);
  return { type, quality: Number.isFinite(quality) ? quality : 0 };
}

/** The most exact range that fits decides. */
function qualityOf(contentType: string, ranges: readonly Range[]): number {
  const [main] = contentType.split("/");
  for (const fitting of [contentType, `${main}/*`, "*/*"]) {
    const range = ranges.find(({ type }) => type === fitting);
    if (range !== undefined) return range.quality;
  }
  return 0;
}
