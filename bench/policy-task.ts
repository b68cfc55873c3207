import { cells } from "../src/graph/axes.ts";
import { zeros } from "../src/graph/host-array.ts";
import { Program, type StoredInputs } from "../src/graph/program.ts";
import { MappedFile } from "../src/graph/runtime/mapped-file.ts";
import type { ParameterForm, ParameterValues } from "../src/nn/parameter.ts";
import { integersOf } from "../src/objective/integer-weights.ts";
import { gradientPrefix } from "../src/objective/objective.ts";
import { onlyInputs } from "../src/objective/only-inputs.ts";
import { largestWrittenBytes } from "../src/objective/sample.ts";
import { errorsOutput, weightsInput } from "../src/objective/traced.ts";
import type { WeightKind } from "../src/objective/weight-kind.ts";
import type { AdamW } from "../src/optimizer/adamw.ts";
import { Packed } from "../src/optimizer/packed.ts";
import { stateOf } from "../src/optimizer/state.ts";
import { Updater } from "../src/optimizer/update.ts";
import { GradientProgram } from "../src/training/global-gradient.ts";
import type { TracedCase } from "./policy-traced.ts";

/** What is measured of a policy. */
export type PolicyTask = "answer" | "answer-int8" | "answer-bf16" | "step";

/** A policy of LeRobot's, and one batch for it. */
export interface GivenPolicy {
  readonly traced: TracedCase;
  readonly optimizer: AdamW;
  readonly learningRate: number;
  readonly read: (forms: readonly ParameterForm[]) => Promise<ParameterValues>;
  /** As training takes them from a checkpoint of ours: the pages of the file. */
  readonly map: (forms: readonly ParameterForm[]) => Promise<ParameterValues>;
  /** Where weights stand in LeRobot's file. */
  readonly placesOf: (forms: readonly ParameterForm[]) => StoredInputs;
  /** Whether LeRobot trains it. */
  readonly trains: (form: ParameterForm) => boolean;
}

/** Something that is done over and over. */
export interface RunningTask {
  /** Once more; what was computed, as LeRobot's side says it. */
  run(): Promise<readonly number[]>;
  release(): void;
}

export interface Machine {
  readonly device: "cpu";
  readonly threads: number;
  /** Where to write each operator's time: the start of a file name. */
  readonly profile?: string;
}

export async function openPolicyTask(task: PolicyTask, given: GivenPolicy, machine: Machine): Promise<RunningTask> {
  if (task === "step") return await openStep(given, machine);
  const weightKinds = { answer: "float32", "answer-int8": "int8", "answer-bf16": "bf16" } as const;
  return await openAnswer(given, machine, weightKinds[task]);
}

/** As a policy is served, by the program of `ActionSampler`: weights stand in it, and large ones are read where they stand. */
async function openAnswer(
  { traced, placesOf, read }: GivenPolicy,
  machine: Machine,
  weightKind: WeightKind,
): Promise<RunningTask> {
  const { parameters, answer, feeds } = traced.answers();
  const bytes = parameters.reduce((sum, { shape }) => sum + 4 * cells(shape), 0);
  const isLarge = bytes > largestWrittenBytes;
  const stored = isLarge && weightKind !== "bf16" ? placesOf(parameters) : undefined;
  const values = stored === undefined ? await read(parameters) : new Map();
  const fixed = isLarge ? new Map() : values;
  const integers = weightKind === "int8" ? integersOf(stored ?? fixed) : undefined;
  const precision = weightKind === "bf16" ? "bf16" : "float32";
  const weights = stored === undefined ? { fixed } : { fixed, stored };
  const program = await Program.compile({ answer }, { ...machine, ...weights, integers, precision });
  const out = zeros(answer.axes, answer.shape, answer.type);
  return {
    run: async () => {
      await program.run(onlyInputs(program, new Map([...feeds, ...values])), new Map([["answer", out]]));
      return Array.from(out.cells, Number);
    },
    release: () => program.release(),
  };
}

/** A step as `Trainer` does it, on noise and times that are given. */
async function openStep(given: GivenPolicy, machine: Machine): Promise<RunningTask> {
  const { traced, learningRate, optimizer } = given;
  const { parameters } = traced.objectives();
  let state = stateOf(
    await given.map(parameters),
    new Set(parameters.filter(given.trains).map(({ name }) => name)),
    false,
  );
  const compiled = await GradientProgram.compile({
    setting: traced.setting,
    trace: ({ trains }) => traced.objectives(trains),
    trains: (name) => state.trained.has(name),
    frozen: new Map([...state.parameters].filter(([name]) => !state.trained.has(name))),
    recompute: "nothing",
    machine,
  });
  MappedFile.letGo();
  const { objectives, trained } = compiled;
  const updater = await Updater.compile(trained, optimizer, machine);
  const gradient = Packed.zeros(trained);
  const { name, sums: form } = objectives.errors[0]!;
  const sums = zeros(form.axes, form.shape, "float32");
  const fetches = new Map([
    ...[...gradient].map(([parameter, array]) => [`${gradientPrefix}${parameter}`, array] as const),
    [errorsOutput(name), sums] as const,
  ]);
  const weights = traced.feeds.get(weightsInput(name))!;
  return {
    async run() {
      await compiled.run(traced.feeds, state.parameters, fetches);
      const loss = sums.cells.reduce((sum, error, at) => sum + error * Number(weights.cells[at]), 0);
      const updated = await updater.step(state, gradient, learningRate);
      state = updated.state;
      return [loss, updated.norm];
    },
    release: () => {
      compiled.release();
      updater.release();
    },
  };
}
