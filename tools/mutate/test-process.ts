import { relative } from "node:path";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { BaseSequencer, createVitest, type TestModule, type TestSpecification } from "vitest/node";
import type { Asked, Verdict } from "./trial.ts";

/** Runs the tests that standard input names, in their order, up to the first that fails; writes the verdict to standard output. */
const { folder, tests, bail }: Asked = JSON.parse(await text(process.stdin));

class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => tests.indexOf(pathOf(moduleId));
    return files.toSorted((one, other) => place(one) - place(other));
  }
}

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
const vitest = await createVitest(
  "test",
  {
    root: folder,
    watch: false,
    reporters: [{}],
    maxWorkers: 1,
    fileParallelism: false,
    bail: bail ? 1 : 0,
    sequence: { sequencer: InOrder },
  },
  { cacheDir: `${folder}/.vite` },
  { stdout: nowhere, stderr: nowhere },
);
await vitest.standalone();
const all = await vitest.globTestSpecifications();
const chosen = all.filter(({ moduleId }) => tests.includes(pathOf(moduleId)));
if (chosen.length !== tests.length) throw new Error(`expected ${tests.length} files of tests, got ${chosen.length}`);
const { testModules, unhandledErrors } = await vitest.runTestSpecifications(chosen, false);
const modules = testModules.toSorted((one, other) => placeOf(one) - placeOf(other));
const failures = modules.flatMap((module) => [
  ...[...module.children.allTests()]
    .filter((test) => test.result().state === "failed")
    .map((test) => ({
      file: pathOf(module.moduleId),
      test: test.fullName,
      error: firstLine(test.result().errors?.[0]),
    })),
  // Of a group that could not be made ready no test runs, so none fails.
  ...[module, ...module.children.allSuites()].flatMap((group) =>
    group.errors().map((error) => ({ file: pathOf(module.moduleId), test: null, error: firstLine(error) })),
  ),
]);
const strays = unhandledErrors.map((error) => ({
  file: "outside of every test",
  test: null,
  error: String(error).split("\n")[0] ?? "",
}));
const passed = modules.flatMap((module) => [...module.children.allTests("passed")]).length;
const verdict: Verdict = { passed, failures: [...failures, ...strays] };
await vitest.close();
process.stdout.write(JSON.stringify(verdict), () => process.exit(0));

function pathOf(moduleId: string): string {
  return relative(folder, moduleId).replaceAll("\\", "/");
}

function placeOf({ moduleId }: TestModule): number {
  return tests.indexOf(pathOf(moduleId));
}

/** `RangeError: expected …`, without what follows on further lines. */
function firstLine(error: { readonly name?: string; readonly message?: string } | undefined): string {
  return `${error?.name ?? "Error"}: ${error?.message?.split("\n")[0] ?? ""}`;
}
