import { exampleBatch } from "../src/batch/testing/example-batch.ts";
import { type DataType, type HostArray, zeros } from "../src/graph/host-array.ts";
import { type CompileOptions, Program } from "../src/graph/program.ts";
import { initialValues } from "../src/nn/parameter.ts";
import {
  cellWeightsOf,
  type MicroBatch,
  microBatchOf,
  weightFeeds,
  wholeCounts,
} from "../src/objective/micro-batch.ts";
import { gradientOutputs, gradientPrefix, type TracedObjectives, traceObjectives } from "../src/objective/objective.ts";
import { onlyInputs } from "../src/objective/only-inputs.ts";
import { objectiveTargets } from "../src/objective/terms.ts";
import type { Setting } from "../src/objective/traced.ts";
import { errorsOutput } from "../src/objective/traced.ts";
import { Packed } from "../src/optimizer/packed.ts";
import { stateOf } from "../src/optimizer/state.ts";
import { Updater } from "../src/optimizer/update.ts";
import { conventionsOf, formOf, layoutOf, termsOf } from "../src/recipe/plan.ts";
import type { Recipe } from "../src/recipe/schema.ts";
import { Rules } from "../src/validity/rules.ts";
import type { Contestant } from "./turns.ts";
import { guardsIn, withoutGuards } from "./unmasked.ts";

type Storage = HostArray<string, DataType>;

/** A training step on a batch in which everything is real: as it is, or with what is there for padding left out. */
export interface PaddedStep {
  /** Selections and masked attentions in its forward half. */
  readonly guards: number;
  /** Facts of the batch among the program's inputs. */
  readonly facts: number;
  /** One step, gradient and update: the squared errors before it, each a sum over the steps of a row and slot. */
  step(): Promise<Float32Array>;
  release(): void;
}

/** The step of a recipe's policy, with and without what is there for padding. */
export async function paddedSteps(recipe: Recipe, threads: number): Promise<Record<"with" | "without", PaddedStep>> {
  const machine = { device: "cpu", threads } as const;
  const setting: Setting = {
    form: formOf(recipe),
    layout: layoutOf(recipe, recipe.batch.microBatch),
    unrealInput: conventionsOf(recipe).unrealInput,
    rules: Rules.all,
    hidden: "plain",
    pictures: "uint8",
  };
  const objective = traceObjectives(setting);
  const feeds = completeFeeds(recipe);
  const bare = { ...objective, ...(await withoutGuards(objective)) };
  return {
    with: await compiled(objective, feeds, machine, recipe),
    without: await compiled(bare, feeds, machine, recipe),
  };
}

/** What the gradient of a recipe's policy is fed beside its weights: one micro-batch in which everything is real. */
export function completeFeeds(recipe: Recipe): Map<string, Storage> {
  return feedsOf(recipe, completeMicroBatch(recipe));
}

/** Some steps as one turn. */
export function contestantOf(name: string, step: PaddedStep, steps: number): Contestant {
  return {
    name,
    async repeat() {
      const start = performance.now();
      for (let at = 0; at < steps; at++) await step.step();
      return (performance.now() - start) / steps;
    },
    end: () => step.release(),
  };
}

async function compiled(
  objective: TracedObjectives,
  feeds: ReadonlyMap<string, Storage>,
  machine: Omit<CompileOptions, "fixed">,
  { seed, optimizer }: Recipe,
): Promise<PaddedStep> {
  const trained = objective.parameters;
  const gradient = await Program.compile(gradientOutputs(objective, trained, "nothing"), {
    ...machine,
    fixed: new Map(),
  });
  const updater = await Updater.compile(trained, optimizer, machine);
  const storage = Packed.zeros(trained);
  const { name: errorsName, sums } = objective.errors[0]!;
  const errors = zeros(sums.axes, sums.shape, "float32");
  const fetches = new Map<string, Storage>([[errorsOutput(errorsName), errors]]);
  for (const [name, array] of storage) fetches.set(`${gradientPrefix}${name}`, array);
  const values = initialValues(trained, seed);
  let state = stateOf(values, new Set(values.keys()), optimizer.ema !== null);
  return {
    guards: guardsIn(objective),
    facts: gradient.inputs.filter(({ type }) => type === "bool").length,
    async step() {
      await gradient.run(onlyInputs(gradient, new Map([...feeds, ...state.parameters])), fetches);
      ({ state } = await updater.step(state, storage, optimizer.peak));
      return errors.cells;
    },
    release() {
      gradient.release();
      updater.release();
    },
  };
}

function completeMicroBatch(recipe: Recipe): MicroBatch {
  const form = formOf(recipe);
  const batch = exampleBatch(layoutOf(recipe, recipe.batch.microBatch), recipe.seed);
  return microBatchOf(
    batch,
    {
      seed: recipe.seed,
      purpose: "training",
      supervision: "allReal",
      pastEnd: "hidden",
      objectives: objectiveTargets(form, { unrealInput: conventionsOf(recipe).unrealInput, given: 0 }),
      datasets: ["example"],
      moves: () => true,
      rules: Rules.all,
    },
    0,
  );
}

function feedsOf(recipe: Recipe, micro: MicroBatch): Map<string, Storage> {
  const terms = termsOf({ recipe, rules: Rules.all });
  const weights = cellWeightsOf(micro, terms, wholeCounts([micro], terms), Rules.all);
  return new Map<string, Storage>([...micro.feeds, ...weightFeeds(weights)]);
}
