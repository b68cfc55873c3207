import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { imports } from "../check/direction.ts";

/** Which files import a file, by the paths of both from the root. */
export type Importers = ReadonlyMap<string, readonly string[]>;

export function importersIn(folder: string): Importers {
  const paths = globSync("{src,client,test,recipes,bench,tools}/**/*.ts", { cwd: folder }).map((path) =>
    path.replaceAll("\\", "/"),
  );
  const found = new Map<string, string[]>();
  for (const path of paths.toSorted())
    for (const { name } of imports(readFileSync(join(folder, path), "utf8"))) {
      if (!name.startsWith(".")) continue;
      const target = posix.join(posix.dirname(path), name);
      found.set(target, [...(found.get(target) ?? []), path]);
    }
  return found;
}

/** Tests that look at a whole policy on batches with every kind of padding, and take seconds. */
const nets = [/^src\/training\/equivalence\.test\.ts$/, /^test\/trap\//, /^test\/laws\//];

/** Tests that take a minute, or stand for whole commands. */
const slow = [
  /^test\/(audit\/audit\.test\.ts$|end-to-end\/|ranks\/)/,
  /^src\/(ranks|simulation|command)\//,
  /^(recipes|bench|tools)\//,
];

/**
 * The tests that may notice a change of a file: those that import it, if only through others.
 *
 * First the file's own, then those that look at the whole, then by how far they stand from it, the slowest last.
 */
export function testsOf(path: string, importers: Importers): string[] {
  const distances = distancesFrom(path, importers);
  const own = path.replace(/\.ts$/, ".test.ts");
  const rank = (test: string): number => {
    if (test === own) return 0;
    if (slow.some((pattern) => pattern.test(test))) return 1e3;
    return nets.some((pattern) => pattern.test(test)) ? 1.5 : distances.get(test)!;
  };
  return [...distances.keys()]
    .filter((each) => each.endsWith(".test.ts"))
    .toSorted((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
}

/** How many imports lead from each file to one. */
function distancesFrom(path: string, importers: Importers): Map<string, number> {
  const found = new Map([[path, 0]]);
  // A map is walked in the order in which it grows, so the nearest come first.
  for (const [file, distance] of found)
    for (const importer of importers.get(file) ?? []) if (!found.has(importer)) found.set(importer, distance + 1);
  return found;
}
