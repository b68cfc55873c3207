import { relative, sep } from "node:path";
import { createVitest, type TestModule, type TestRunResult } from "vitest/node";
import type { Terminal } from "../../src/command/terminal.ts";
import { InputError } from "../../src/input-error.ts";

/** How many tests ended how. */
export interface Counts {
  readonly passed: number;
  /** With every file that does not load, and every error outside of all tests, as one failed test. */
  readonly failed: number;
  readonly skipped: number;
  /** What failed: file, then the titles of groups and test. */
  readonly failures: readonly string[];
}

/**
 * Runs the tests of a project that lie at or below a path, as the project's `vitest.config.ts` says.
 *
 * @throws InputError if there is none
 */
export async function runTests(project: string, path: string, terminal: Terminal): Promise<Counts> {
  const vitest = await createVitest(
    "test",
    { root: project, watch: false, reporters: [["default", { summary: false }]] },
    {},
    { stdout: terminal.out, stderr: terminal.err },
  );
  try {
    await vitest.standalone();
    const all = await vitest.globTestSpecifications();
    const chosen = all.filter(({ moduleId }) => moduleId === path || moduleId.startsWith(path + sep));
    if (chosen.length === 0) throw new InputError(`test: expected tests (*.test.ts) at or below "${path}", got none`);
    return tally(project, await vitest.runTestSpecifications(chosen, chosen.length === all.length));
  } finally {
    await vitest.close();
  }
}

function tally(project: string, { testModules, unhandledErrors }: TestRunResult): Counts {
  const file = (module: TestModule) => relative(project, module.moduleId);
  const tests = testModules.flatMap((module) => [...module.children.allTests()]);
  const ended = (state: string) => tests.filter((each) => each.result().state === state);
  const failures = [
    ...ended("failed").map((each) => `${file(each.module)} > ${each.fullName}`),
    ...testModules.filter((module) => module.errors().length > 0).map((module) => `${file(module)} > the file itself`),
    ...unhandledErrors.map(
      (error) => `outside of every test > ${error instanceof Error ? error.message : String(error)}`,
    ),
  ];
  return { passed: ended("passed").length, failed: failures.length, skipped: ended("skipped").length, failures };
}
