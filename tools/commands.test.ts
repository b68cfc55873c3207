import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run as runBench } from "../bench/run.ts";
import type { BenchRequest } from "../src/command/bench.ts";
import type { CheckRequest } from "../src/command/check.ts";
import type { MutateRequest } from "../src/command/mutate.ts";
import type { ParityRequest } from "../src/command/parity.ts";
import type { PropertiesRequest } from "../src/command/properties.ts";
import { root } from "../src/command/root.ts";
import type { StrykerRequest } from "../src/command/stryker.ts";
import type { TestRequest } from "../src/command/test.ts";
import type { Tool } from "../src/command/tool.ts";
import { toolOfCommand } from "./check/direction.ts";
import { run as runCheck } from "./check/run.ts";
import { run as runMutate } from "./mutate/run.ts";
import { run as runParity } from "./parity/run.ts";
import { run as runProperties } from "./properties/run.ts";
import { run as runStryker } from "./stryker/run.ts";
import { run as runTest } from "./test/run.ts";

/** Each tool takes what its command gives: another request does not compile. */
interface Tools {
  readonly bench: Tool<BenchRequest>;
  readonly check: Tool<CheckRequest>;
  readonly mutate: Tool<MutateRequest>;
  readonly properties: Tool<PropertiesRequest>;
  readonly stryker: Tool<StrykerRequest>;
  readonly test: Tool<TestRequest>;
  readonly parity: Tool<ParityRequest>;
}
const tools: Tools = {
  bench: { run: runBench },
  check: { run: runCheck },
  mutate: { run: runMutate },
  properties: { run: runProperties },
  stryker: { run: runStryker },
  test: { run: runTest },
  parity: { run: runParity },
};

let installed = "";
beforeAll(() => {
  installed = mkdtempSync(join(tmpdir(), "armature-installed-"));
  for (const path of ["src", "package.json"]) cpSync(join(root, path), join(installed, path), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(installed, "node_modules"));
});
afterAll(() => rmSync(installed, { recursive: true }));

function armature(folder: string, ...words: string[]) {
  const main = join(folder, "src/command/main.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: "utf8" });
  return { status, stdout, stderr };
}

it.each([
  ["bench", ["engine"]],
  ["check", []],
  ["mutate", []],
  ["properties", []],
  ["stryker", []],
  ["test", []],
  ["parity", ["folder"]],
])("%s says in one line that it is for a clone where the tools are not installed", (command, words) => {
  const line = `${command}: expected a clone of the repository, which this command is for, got an installed package\n`;
  expect(armature(installed, command, ...words)).toEqual({ status: 2, stdout: "", stderr: line });
});

it.each([
  ["bench", ["engine", "--rounds", "2"], "bench --rounds: expected at least 3 for a median, got 2"],
  ["mutate", ["src/command"], 'mutate: expected guards at or below "src/command", got none'],
  [
    "stryker",
    ["--folder", "nn"],
    'stryker --folder: expected one of embodiment, mixture, codec, batch, flow, loss, metric, objective, optimizer, training, simulation, serving, serving/protocol, got "nn"',
  ],
  [
    "parity",
    ["nowhere"],
    `parity: expected case.json and case.safetensors in the folder or in the one around it, got "nowhere"`,
  ],
  ["test", ["nowhere"], `test: expected a folder or a test file, got "${join(process.cwd(), "nowhere")}"`],
])("%s answers from its tool where there is a clone", (command, words, line) => {
  expect(armature(root, command, ...words)).toEqual({ status: 2, stdout: "", stderr: `${line}\n` });
});

it("the check knows which command loads which tool", () => {
  expect(Object.keys(toolOfCommand)).toEqual(Object.keys(tools).map((name) => `src/command/${name}.ts`));
});
