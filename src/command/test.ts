import { existsSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import type { TestModule, TestRunResult } from "vitest/node";
import { InputError } from "../input-error.ts";
import { define } from "./definition.ts";
import { otherwise, text } from "./parameter.ts";
import { root } from "./root.ts";

export const test = define({
  name: "test",
  summary: "run the tests, all or those below a path",
  arguments: { path: otherwise(text("path", "a folder or a test file"), undefined) },
  options: {},
  examples: [
    { line: "test", shows: "all tests" },
    { line: "test src/command", shows: "the tests below one folder" },
  ],
  async run(given, terminal) {
    const path = resolve(given.path ?? root);
    if (!existsSync(path)) throw new InputError(`test: expected a folder or a test file, got "${path}"`);
    const { createVitest } = await import("vitest/node");
    const vitest = await createVitest(
      "test",
      { root, watch: false, reporters: [["default", { summary: false }]] },
      {},
      { stdout: terminal.out, stderr: terminal.err },
    );
    try {
      await vitest.standalone();
      const all = await vitest.globTestSpecifications();
      const chosen = all.filter(({ moduleId }) => moduleId === path || moduleId.startsWith(path + sep));
      if (chosen.length === 0) throw new InputError(`test: expected tests (*.test.ts) below "${path}", got none`);
      const counts = tally(await vitest.runTestSpecifications(chosen, chosen.length === all.length));
      return { status: counts.failed > 0 ? 1 : 0, json: counts, text: line(counts) };
    } finally {
      await vitest.close();
    }
  },
});

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Names of what failed: file, then the titles of groups and test. */
  readonly failures: readonly string[];
}

/** How many tests ended how; a file that does not load and an error outside of every test count as failed tests. */
function tally({ testModules, unhandledErrors }: TestRunResult): Counts {
  const tests = testModules.flatMap((module) => [...module.children.allTests()]);
  const ended = (state: string) => tests.filter((each) => each.result().state === state);
  const failures = [
    ...ended("failed").map((each) => `${file(each.module)} > ${each.fullName}`),
    ...testModules.filter((module) => module.errors().length > 0).map((module) => `${file(module)} > (the file)`),
    ...unhandledErrors.map((error) => `(outside of every test) > ${String(error)}`),
  ];
  return { passed: ended("passed").length, failed: failures.length, skipped: ended("skipped").length, failures };
}

function file(module: TestModule): string {
  return relative(root, module.moduleId);
}

function line({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
