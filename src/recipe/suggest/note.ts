/** What was guessed of a value of a recipe, and why: a comment before it in the file. */
export interface Note {
  /** Dotted, as `--set` has it: `data.datasets.0.role`. */
  readonly path: string;
  readonly text: string;
}

/** Notes whose paths begin at a value, as seen from the recipe. */
export function notesBelow(path: string, notes: readonly Note[]): Note[] {
  return notes.map((note) => ({ path: `${path}.${note.path}`, text: note.text }));
}
