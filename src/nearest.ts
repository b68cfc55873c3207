/**
 * The known name that is fewest edits away from a mistyped one; `null` where none is known.
 *
 * Edits are insertions, deletions, replacements and swaps of neighbours; letter case costs nothing. The first of equals.
 */
export function nearest(word: string, known: readonly string[]): string | null {
  let found: string | null = null;
  let fewest = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const edits = editsBetween(word.toLowerCase(), name.toLowerCase());
    if (edits >= fewest) continue;
    found = name;
    fewest = edits;
  }
  return found;
}

/** What an error about an unknown name adds: `; did you mean "batch.size"?`, or nothing where no name is known. */
export function didYouMean(word: string, known: readonly string[]): string {
  const found = nearest(word, known);
  return found === null ? "" : `; did you mean "${found}"?`;
}

/** Optimal string alignment distance, one row of the table at a time. */
function editsBetween(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const edits = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (isSame ? 0 : 1));
      current.push(isSwap ? Math.min(edits, beforeLast[column - 2]! + 1) : edits);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}
