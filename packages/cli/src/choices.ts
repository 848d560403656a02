const shownMax = 10;

/** A sentence, and below it what there is to choose from. */
export function withChoices(
  sentence: string,
  found: readonly { readonly id: string; readonly name: string | null }[],
): string {
  const lines = found.slice(0, shownMax).map(({ id, name }) => `  ${id}  ${name ?? "–"}`);
  const more = found.length > shownMax ? ["  …"] : [];
  return [sentence, ...lines, ...more].join("\n");
}
