import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { digest } from "./ledger.ts";

/** One folder of the arithmetic: what of it is changed, and which tests are to notice. */
export interface MutatedFolder {
  readonly name: string;
  /** Files that are left as they are, from `src/NAME/`. */
  readonly left: readonly string[];
  /** Tests beside those of the folder itself, from the root. */
  readonly alsoBy: readonly string[];
}

/** Scripted experts choose a robot's moves by rules of thumb, which no hand computes: what they are to do is tested by its success. */
const experts = [
  "picking.ts",
  "reacher.ts",
  "pusher.ts",
  "arm.ts",
  "gantry.ts",
  "bimanual.ts",
  "limb.ts",
  "gripper.ts",
];

export const mutatedFolders: readonly MutatedFolder[] = [
  { name: "embodiment", left: [], alsoBy: ["src/batch/cut.test.ts", "src/batch/example.test.ts"] },
  whole("mixture"),
  whole("codec"),
  // Threads of their own, in which StrykerJS switches no mutant on: what they call is in the other files.
  { name: "batch", left: ["loader-worker.ts"], alsoBy: [] },
  whole("flow"),
  whole("loss"),
  whole("metric"),
  { name: "objective", left: [], alsoBy: ["src/training/by-hand.test.ts"] },
  whole("optimizer"),
  whole("training"),
  { name: "simulation", left: experts, alsoBy: [] },
  { name: "serving", left: ["rollout-worker.ts"], alsoBy: [] },
];

function whole(name: string): MutatedFolder {
  return { name, left: [], alsoBy: [] };
}

/** Patterns of the files that are changed, in the form that StrykerJS takes. */
export function changedFiles({ name, left }: MutatedFolder): string[] {
  const exceptions = ["**/*.test.ts", "**/testing/**", ...left].map((pattern) => `!src/${name}/${pattern}`);
  return [`src/${name}/**/*.ts`, ...exceptions];
}

export function testPatterns({ name, alsoBy }: MutatedFolder): string[] {
  return [`src/${name}/**/*.test.ts`, ...alsoBy];
}

/** Digest of the tests of a folder and of what stands beside them for tests alone. */
export function testDigest(root: string, folder: MutatedFolder): string {
  const paths = globSync([...testPatterns(folder), `src/${folder.name}/**/testing/**/*.ts`], { cwd: root }).sort();
  return digest(paths.flatMap((path) => [path, readFileSync(join(root, path), "utf8")]));
}

/** Digests of the files of a folder, by their paths from the root. */
export function sourceDigests(root: string, { name }: MutatedFolder): Record<string, string> {
  const paths = globSync(`src/${name}/**/*.ts`, { cwd: root });
  const read = (path: string) => digest([readFileSync(join(root, path), "utf8")]);
  return Object.fromEntries(paths.map((path) => [path.replaceAll("\\", "/"), read(path)]));
}
