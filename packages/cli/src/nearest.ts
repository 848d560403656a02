/** The word that somebody most likely meant; undefined: none is near. */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  const [best] = words
    .map((word) => ({ word, steps: distance(typed.toLowerCase(), word.toLowerCase()) }))
    .filter(({ word, steps }) => steps <= stepsMax(word))
    .toSorted((a, b) => a.steps - b.steps);
  return best?.word ?? words.find((word) => typed.length >= 3 && word.startsWith(typed));
}

/** A slip in a word of two letters, as 1h or up, may have been meant as anything. */
function stepsMax({ length }: string): number {
  return Math.max(length > 2 ? 1 : 0, Math.floor(length / 3));
}

/**
 * How many letters are inserted, left out, replaced or swapped with their neighbour (optimal string
 * alignment): swapping two is the most frequent slip, and Levenshtein's distance counts it twice.
 */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const replaced = at(last, column - 1) + (isSame ? 0 : 1);
      const swapped = isSwapped ? at(beforeLast, column - 2) + 1 : Infinity;
      const leftOut = at(last, column) + 1;
      const inserted = at(current, column - 1) + 1;
      current.push(Math.min(replaced, swapped, leftOut, inserted));
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
