import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const sources = join(import.meta.dirname, "..");

/** Files that call a function by its name, without tests and the file that defines it. */
function callers(name: string): string[] {
  const call = new RegExp(`(?<!function )\\b${name}\\(`);
  return globSync("**/*.ts", { cwd: sources })
    .filter((path) => !path.endsWith(".test.ts") && call.test(readFileSync(join(sources, path), "utf8")))
    .sort();
}

// OpenTau#345: noise was zeroed in training and not at inference. Whoever joins these lists shows that its noise is selected.
it.each([
  ["firstNoise", ["flow/integrate.ts", "flow/path.ts"]],
  ["fillNoise", ["training/action-noise.ts", "training/micro-batch.ts"]],
  ["integrate", ["training/objective.ts"]],
  ["actionNoise", ["training/action-sampler.ts"]],
])("%s is called in these places and no other", (name, expected) => {
  expect(callers(name)).toEqual(expected);
});
