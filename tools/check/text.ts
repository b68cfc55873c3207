import { type Finding, lineAt, type SourceFile } from "./source.ts";

const longestFile = 300;

/** Files that are longer, each with the reason why it is one thing. */
const allowedLong = new Map<string, string>();

/** Files of `src/` past the length that one reads in a sitting. */
export function longFiles(files: readonly SourceFile[]): Finding[] {
  return files.flatMap(({ path, text }) => {
    const length = text.trimEnd().split("\n").length;
    if (!path.startsWith("src/") || length <= longestFile || allowedLong.has(path)) return [];
    return [{ path, line: length, message: `expected ${longestFile} lines at most, got ${length}; make it two files` }];
  });
}

/** What no tool forbids. The patterns are split so that this file does not find itself. */
const forbidden = [
  { pattern: new RegExp("\\bas unknown" + " as\\b", "g"), message: "a double assertion hides any error of types" },
  {
    pattern: new RegExp("\\bMath\\." + "random\\b", "g"),
    message: "randomness is an argument; use a stream of graph/random.ts",
  },
  { pattern: new RegExp("\\bTO" + "DO\\b(?!.*#\\d)", "g"), message: "open work without an issue" },
];

/** Texts that the house style forbids and the linter knows no rule for. */
export function forbiddenText(files: readonly SourceFile[]): Finding[] {
  return files.flatMap(({ path, text }) =>
    forbidden.flatMap(({ pattern, message }) =>
      [...text.matchAll(pattern)].map((match) => ({
        path,
        line: lineAt(text, match.index),
        message: `${match[0]}: ${message}`,
      })),
    ),
  );
}
