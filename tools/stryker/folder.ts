import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { digest } from "./ledger.ts";

/** One folder of the arithmetic: what of it is changed, and which tests are to notice. */
export interface MutatedFolder {
  readonly name: string;
  /** Files that are left as they are, from `src/NAME/`; `folder/**` for all of a folder. */
  readonly left: readonly string[];
  /** Functions and methods of any of its files that are left as they are. */
  readonly leftFunctions: readonly string[];
  /** Tests that take minutes, from `src/NAME/`: they notice much, and are not waited for. */
  readonly slowTests: readonly string[];
  /** Tests beside those of the folder itself, from the root. */
  readonly alsoBy: readonly string[];
}

/** Scripted experts choose a robot's moves by rules of thumb, which no hand computes: their success is what tests look at. */
const experts = [
  ...["expert", "#next", "above", "gap"],
  ...["#sideOfWay", "#isPlaced", "#holds", "#push", "direction", "turnLeft", "goRound", "ends"],
  ...["bend", "reach"],
];
/** What a robot is made of: numbers of a drawing. */
const drawings = [
  ...["mjcf", "limbBody", "limbActuators", "gripperParts", "gripperActuators", "pickingBodies"],
  ...["puckBody", "toolBody", "planarJoints"],
];

/** Tests of whole policies, which compile programs for each kind of them. */
const policiesTrained = ["equivalence", "variant-row", "first-steps", "ways-of-noise", "layers"].map(
  (name) => `${name}.test.ts`,
);

export const mutatedFolders: readonly MutatedFolder[] = [
  { ...whole("embodiment"), alsoBy: ["src/batch/cut.test.ts", "src/batch/example.test.ts"] },
  whole("mixture"),
  // Held against scipy and Hugging Face's tokenizers there.
  { ...whole("codec"), alsoBy: ["test/parity/fast.test.ts"] },
  // Threads of their own, in which StrykerJS switches no mutant on: what they call is in the other files.
  { ...whole("batch"), left: ["loader-worker.ts"] },
  whole("flow"),
  whole("loss"),
  whole("metric"),
  { ...whole("objective"), alsoBy: ["src/training/by-hand.test.ts", "src/recipe/published-setting.test.ts"] },
  whole("optimizer"),
  { ...whole("training"), slowTests: policiesTrained },
  { ...whole("simulation"), leftFunctions: [...experts, ...drawings], slowTests: ["robots.test.ts"] },
  { ...whole("serving"), left: ["rollout-worker.ts", "protocol/**"], slowTests: ["history-rollout.test.ts"] },
  // Sampled by itself: tests over a network are slow, and few of a sample of all of `serving/` are of it.
  whole("serving/protocol"),
];

function whole(name: string): MutatedFolder {
  return { name, left: [], leftFunctions: [], slowTests: [], alsoBy: [] };
}

/** Patterns of the files that are changed, in the form that StrykerJS takes. */
export function changedFiles({ name, left }: MutatedFolder): string[] {
  const exceptions = ["**/*.test.ts", "**/testing/**", ...left].map((pattern) => `!src/${name}/${pattern}`);
  return [`src/${name}/**/*.ts`, ...exceptions];
}

/** Whether a file, by its path from the root, is left as it is. */
export function isLeft({ name, left }: MutatedFolder, path: string): boolean {
  return left.some((pattern) => {
    const own = `src/${name}/${pattern}`;
    return own.endsWith("/**") ? path.startsWith(own.slice(0, -2)) : path === own;
  });
}

/** Paths of the tests that are run, from the root. */
export function testPaths(root: string, { name, slowTests, alsoBy }: MutatedFolder): string[] {
  const slow = new Set(slowTests.map((path) => `src/${name}/${path}`));
  const own = globSync(`src/${name}/**/*.test.ts`, { cwd: root }).map((path) => path.replaceAll("\\", "/"));
  return [...own.filter((path) => !slow.has(path)), ...alsoBy].sort();
}

/** Digest of the tests of a folder and of what stands beside them for tests alone. */
export function testDigest(root: string, folder: MutatedFolder): string {
  const support = globSync(`src/${folder.name}/**/testing/**/*.ts`, { cwd: root }).sort();
  const paths = [...testPaths(root, folder), ...support];
  return digest(paths.flatMap((path) => [path, readFileSync(join(root, path), "utf8")]));
}

/** Digests of the files of a folder, by their paths from the root. */
export function sourceDigests(root: string, { name }: MutatedFolder): Record<string, string> {
  const paths = globSync(`src/${name}/**/*.ts`, { cwd: root });
  const read = (path: string) => digest([readFileSync(join(root, path), "utf8")]);
  return Object.fromEntries(paths.map((path) => [path.replaceAll("\\", "/"), read(path)]));
}
