import { type Finding, lineAt, type SourceFile } from "./source.ts";

// The formatter puts every declaration that a file exports at the start of a line.
const declaration =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type) (\w+)/gm;

/** Names that several files of `src/` export: a reader, and a search, would find the one for the other. */
export function sharedNames(files: readonly SourceFile[]): Finding[] {
  const first = new Map<string, string>();
  return files.filter(isSource).flatMap(({ path, text }) =>
    [...text.matchAll(declaration)].flatMap(({ 1: name = "", index }) => {
      const owner = first.get(name) ?? path;
      first.set(name, owner);
      if (owner === path) return [];
      return [
        { path, line: lineAt(text, index), message: `exports "${name}", as ${owner} does; give it its own name` },
      ];
    }),
  );
}

function isSource({ path }: SourceFile): boolean {
  return path.startsWith("src/") && !path.endsWith(".test.ts");
}
