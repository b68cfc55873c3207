/** A file of the repository, its path relative to the root with `/` between folders. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Something that a rule forbids, and where it stands. */
export interface Finding {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Findings as text, one line each; empty where there are none. */
export function findings(found: readonly Finding[]): string {
  return found.map(({ path, line, message }) => `${path}:${line}: ${message}`).join("\n");
}

/** The line, from 1, on which a position in a text stands. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}
