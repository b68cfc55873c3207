import { imports, targetOf } from "./direction.ts";
import { type Finding, lineAt, type SourceFile } from "./source.ts";

/** Where everything stands that tests alone may import: folders named `testing/`, and all of `test/`. */
const support = /(^|\/)testing\/|^test\//;

/** What runs for users: the sources and recipes without their tests and without what those stand on. */
function isProduct(path: string): boolean {
  return /^(src|recipes|client)\//.test(path) && !path.endsWith(".test.ts") && !support.test(path);
}

/** Imports by which the product would stand on what is made for its tests. */
export function supportImports(files: readonly SourceFile[]): Finding[] {
  return files
    .filter(({ path }) => isProduct(path))
    .flatMap(({ path, text }) =>
      imports(text).flatMap(({ name, at }) => {
        const target = targetOf(path, name);
        if (!name.startsWith(".") || !support.test(target)) return [];
        return [{ path, line: lineAt(text, at), message: `imports ${target}, which is made for tests` }];
      }),
    );
}

/** Files of tests' support that stand elsewhere, by the names that other projects give them. */
export function strayFixtures(files: readonly SourceFile[]): Finding[] {
  const misplaced = /(^|\/)(fixtures?|mocks?|__\w+__)\/|(^|\/|[-.])(fixtures?|mocks?|testing)\.ts$/;
  return files.flatMap(({ path }) =>
    misplaced.test(path)
      ? [{ path, line: 1, message: "what tests stand on belongs into a folder named testing/" }]
      : [],
  );
}
