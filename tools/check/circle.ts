import { importStatements, targetOf } from "./direction.ts";
import { type Finding, lineAt, type SourceFile } from "./source.ts";

interface Import {
  readonly target: string;
  readonly line: number;
}

/**
 * Files that import each other, in whatever number of steps, also where they take types alone: neither can be read before the other.
 *
 * One finding for each circle that a search from file to file runs into, at the import that closes it.
 */
export function importCircles(files: readonly SourceFile[]): Finding[] {
  const known = new Map(files.map((file) => [file.path, importsOf(file)]));
  const done = new Set<string>();
  return files.flatMap(({ path }) => circlesFrom([path], known, done));
}

/** @param way files of which each imports the next; the search goes on from the last */
function circlesFrom(
  way: readonly string[],
  known: ReadonlyMap<string, readonly Import[]>,
  done: Set<string>,
): Finding[] {
  const path = way.at(-1)!;
  if (done.has(path)) return [];
  const found = (known.get(path) ?? []).flatMap(({ target, line }) => {
    const start = way.indexOf(target);
    if (start === -1) return circlesFrom([...way, target], known, done);
    return [{ path, line, message: `imports in a circle: ${[...way.slice(start), target].join(" → ")}` }];
  });
  done.add(path);
  return found;
}

function importsOf({ path, text }: SourceFile): Import[] {
  return importStatements(text)
    .filter(({ name }) => name.startsWith("."))
    .map(({ name, at }) => ({ target: targetOf(path, name), line: lineAt(text, at) }));
}
