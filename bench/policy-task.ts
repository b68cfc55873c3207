import { cells } from "../src/graph/axes.ts";
import { type Arrays, HostArray, zeros } from "../src/graph/host-array.ts";
import type { StoredInputs } from "../src/graph/program.ts";
import { MappedFile } from "../src/graph/runtime/mapped-file.ts";
import type { ParameterForm, ParameterValues } from "../src/nn/parameter.ts";
import { flowInputs, velocityName } from "../src/objective/flow.ts";
import { gradientPrefix, traceActions, traceObjectives } from "../src/objective/objective.ts";
import { ActionSampler, largestWrittenBytes, placementFor } from "../src/objective/sample.ts";
import { errorsOutput, type Setting, weightsInput } from "../src/objective/traced.ts";
import type { AdamW } from "../src/optimizer/adamw.ts";
import { Packed } from "../src/optimizer/packed.ts";
import { stateOf } from "../src/optimizer/state.ts";
import { Updater } from "../src/optimizer/update.ts";
import { GradientProgram } from "../src/training/global-gradient.ts";

/** What is measured of a policy. */
export type PolicyTask = "answer" | "step";

/** A policy of LeRobot's, and one batch for it. */
export interface GivenPolicy {
  readonly setting: Setting;
  readonly feeds: Arrays;
  /** `[b t d]`, where an answer begins. */
  readonly firstNoise: Float64Array;
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
  return task === "answer" ? await openAnswer(given, machine) : await openStep(given, machine);
}

/** As a policy is served: large weights are read where they stand. */
async function openAnswer(given: GivenPolicy, machine: Machine): Promise<RunningTask> {
  const { setting, feeds, firstNoise } = given;
  const { parameters } = traceActions(setting);
  const bytes = parameters.reduce((sum, { shape }) => sum + 4 * cells(shape), 0);
  const weights = bytes > largestWrittenBytes ? given.placesOf(parameters) : await given.read(parameters);
  const placement = placementFor(weights);
  const sampler = await ActionSampler.compile({ setting, weights, placement, answers: null, machine });
  const { rows, steps, actionWidth } = setting.layout;
  const noise = new HostArray("b t d", [rows, steps, actionWidth], "float32", Float32Array.from(firstNoise));
  const all = new Map([...feeds, [flowInputs.noise, noise] as const]);
  return {
    run: async () => [...(await sampler.run(all)).cells],
    release: () => sampler.release(),
  };
}

/** A step as `Trainer` does it, on noise and times that are given. */
async function openStep(given: GivenPolicy, machine: Machine): Promise<RunningTask> {
  const { setting, learningRate, optimizer } = given;
  const { parameters } = traceObjectives(setting);
  let state = stateOf(
    await given.map(parameters),
    new Set(parameters.filter(given.trains).map(({ name }) => name)),
    false,
  );
  const compiled = await GradientProgram.compile({
    setting,
    trains: (name) => state.trained.has(name),
    frozen: new Map([...state.parameters].filter(([name]) => !state.trained.has(name))),
    recompute: "nothing",
    machine,
  });
  MappedFile.letGo();
  const { objectives, trained } = compiled;
  const updater = await Updater.compile(trained, optimizer, machine);
  const gradient = Packed.zeros(trained);
  const { axes, shape } = objectives.errors[0]!.sums;
  const sums = zeros(axes, shape, "float32");
  const fetches = new Map([
    ...[...gradient].map(([name, array]) => [`${gradientPrefix}${name}`, array] as const),
    [errorsOutput(velocityName), sums] as const,
  ]);
  const weights = given.feeds.get(weightsInput(velocityName))!;
  return {
    async run() {
      await compiled.run(given.feeds, state.parameters, fetches);
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
