import { describe, it } from "vitest";
import { unrealCells } from "../batch/poison.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { microLayout } from "../batch/testing/micro-layout.ts";
import type { DataType, HostArray } from "../graph/host-array.ts";
import type { AnyArray } from "../graph/operation.ts";
import { expectOtherBits, expectSameBits } from "../graph/testing/bits.ts";
import { evaluate, floats, numbers } from "../graph/testing/evaluate.ts";
import { hiddenPoison } from "../nn/parameter.ts";
import { flowInputs, velocityName } from "../objective/flow.ts";
import { microBatchOf } from "../objective/micro-batch.ts";
import { gradientOutputs, type TracedObjectives, traceActions, traceObjectives } from "../objective/objective.ts";
import { objectiveTargets } from "../objective/terms.ts";
import { type Setting, weightsInput } from "../objective/traced.ts";
import { flowHeadNames } from "../policy/head/form.ts";
import { Rules } from "../validity/rules.ts";
import { microSetting, microWeights } from "./testing/micro-policy.ts";

/** An entry for every function of a module that traces a program: a new one that is missing here does not compile. */
type Ways<Module> = {
  readonly [Name in keyof Module as Name extends `trace${string}` ? Name : never]: (
    setting: Setting,
  ) => Readonly<Record<string, AnyArray>>;
};

/** Every way of noise: into a loss, errors and gradients, and to actions. */
const ways: Ways<typeof import("../objective/objective.ts")> = {
  traceObjectives: (setting) => taughtBy(traceObjectives(setting)),
  traceActions: (setting) => ({ actions: traceActions(setting).actions }),
};

function taughtBy(objectives: TracedObjectives): Record<string, AnyArray> {
  const { loss, errors, parameters } = objectives;
  const cells = errors.map((one): [string, AnyArray] => [`cells of ${one.name}`, one.cells]);
  return { ...gradientOutputs(objectives, parameters, "nothing"), loss, ...Object.fromEntries(cells) };
}

const layout = { ...microLayout, rows: 4, steps: 4, stateWidth: 4 };
const batch = raggedBatch(layout, 7);
const unreal = unrealCells(batch).actions;

/** What a program computes where the noise is changed, each cell by whether it is real. */
async function computed(
  way: (setting: Setting) => Readonly<Record<string, AnyArray>>,
  setting: Setting,
  noiseAt: (isReal: boolean, own: number, cell: number) => number,
) {
  const { form, unrealInput, rules } = setting;
  const target = {
    seed: 5,
    purpose: "training",
    supervision: "allReal",
    pastEnd: "hidden",
    objectives: objectiveTargets(form, { unrealInput, given: 0 }),
    datasets: ["example"],
    moves: () => true,
    rules,
  } as const;
  const { feeds } = microBatchOf(batch, target, 0);
  const own = numbers(feeds.get(flowInputs.noise)!);
  const noise = Float32Array.from(own, (value, cell) => noiseAt(unreal[cell] === 0, value, cell));
  const { rows, steps, actionWidth } = layout;
  const changed: [string, HostArray<string, DataType>][] = [
    [flowInputs.noise, floats("float32", "b t d", [rows, steps, actionWidth], noise)],
    [weightsInput(velocityName), floats("float32", "b d", [rows, actionWidth], Array(rows * actionWidth).fill(0.1))],
    [hiddenPoison, floats("float32", "", [], [0])],
  ];
  const all = new Map<string, HostArray<string, DataType>>([...feeds, ...microWeights(setting), ...changed]);
  return await evaluate(way(setting), { feeds: all, threads: 2, fixed: new Map() });
}

const hidden: readonly Setting["hidden"][] = ["plain", "poisonable"];

// OpenTau#345: noise was zeroed in training and not at inference.
describe.each(flowHeadNames.flatMap((head) => hidden.map((each) => ({ head, hidden: each }))))(
  "with the head $head and hidden states that are $hidden",
  ({ head, hidden }) => {
    const settingWith = (rules: Rules): Setting => ({ ...microSetting({ head, layout, rules, claw: 0 }), hidden });

    it.each(Object.entries(ways))(
      "%s reads noise where there is a robot, and nothing of it elsewhere",
      async (_, way) => {
        const setting = settingWith(Rules.all);
        const plain = await computed(way, setting, (isReal, own) => (isReal ? own : 0));
        for (const junk of [(cell: number) => Math.sin(cell) - 1, () => Number.NaN]) {
          const found = await computed(way, setting, (isReal, own, cell) => (isReal ? own : junk(cell)));
          expectSameBits("computed", found, plain);
        }
        expectOtherBits("computed", await computed(way, setting, (isReal, own) => (isReal ? -own : 0)), plain);
      },
    );

    it.each(Object.entries(ways))("%s would read it, were it not selected", async (name, way) => {
      const broken = settingWith(Rules.without(name.includes("Actions") ? "inference-side" : "input-side"));
      const plain = await computed(way, broken, (isReal, own) => (isReal ? own : 0));
      const found = await computed(way, broken, (isReal, own, cell) => (isReal ? own : Math.sin(cell) - 1));
      expectOtherBits("computed", found, plain);
    });
  },
);
