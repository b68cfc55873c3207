import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { foreignTensors } from "../../src/checkpoint/import/names.ts";
import { openpiNames } from "../../src/checkpoint/import/openpi.ts";
import { embedTime } from "../../src/flow/time.ts";
import { cells } from "../../src/graph/axes.ts";
import { type DataType, HostArray, zeros } from "../../src/graph/host-array.ts";
import { Program } from "../../src/graph/program.ts";
import { expectClose } from "../../src/graph/testing/close.ts";
import { bits, evaluate, floats, integers, runProgram } from "../../src/graph/testing/evaluate.ts";
import {
  type CellCounts,
  countsOf,
  fillCellWeights,
  type Reduction,
  reductions,
  type Term,
} from "../../src/loss/reduction.ts";
import type { ParameterForm } from "../../src/nn/parameter.ts";
import { velocityName } from "../../src/objective/flow.ts";
import { gradientOutputs, gradientPrefix, traceActions, traceObjectives } from "../../src/objective/objective.ts";
import type { Setting } from "../../src/objective/traced.ts";
import { teachesInput, weightsInput } from "../../src/objective/traced.ts";
import { policyForm } from "../../src/policy/policy.ts";
import { Rules } from "../../src/validity/rules.ts";
import { Supervised } from "../../src/validity/supervised.ts";
import { Validity } from "../../src/validity/validity.ts";
import { formulaBytes, formulaIds, formulaValues } from "./formula.ts";
import { twoLayerPi0 } from "./two-layers.ts";

const numbers = z.array(z.number());
const gradient = z.object({ dot: z.number(), sum: z.number(), norm: z.number(), first: numbers });
const rows = z.array(z.union([z.number(), numbers]));
const file = z.object({
  inputs: z.object({ time: z.object({ cells: numbers }) }),
  facts: z.record(z.string(), z.object({ axes: z.string(), cells: rows })),
  supervisedCounts: numbers,
  parameters: z.record(z.string(), z.object({ shape: numbers, scale: z.number(), offset: z.number() })),
  float64: z.object({
    loss: z.object({ cells: z.number(), samples: z.number() }),
    velocity: numbers,
    sums: numbers,
    sampled: numbers,
    sampledEveryStepReal: numbers,
    gradients: z.object({ cells: z.record(z.string(), gradient), samples: z.record(z.string(), gradient) }),
  }),
});
const reference = file.parse(JSON.parse(readFileSync(new URL("tiny-policy.json", import.meta.url), "utf8")));
const expected = reference.float64;

const setting: Setting = {
  form: policyForm(twoLayerPi0, "micro", {
    vocabulary: 300,
    parts: [],
    embodiments: 1,
    crossAttentionKeys: "real",
    horizon: 4,
    actionSight: "both",
    pastEnd: "hidden",
  }),
  layout: {
    rows: 4,
    steps: 4,
    actionWidth: 6,
    stateWidth: 5,
    views: 2,
    observations: 1,
    tokens: 6,
    responseTokens: 0,
    actionTokens: 0,
    pictureSize: 16,
  },
  unrealInput: "zero",
  rules: Rules.all,
  hidden: "plain",
  pictures: "uint8",
};

/** PyTorch's own float32 lies up to 1.4e-7 from its float64 in these cells. */
const single = { absolute: 4e-7, relative: 4e-7, because: "float32 through four layers, cells of size 1" };

describe("the micro policy with openpi's weights is PyTorch's", () => {
  const objective = traceObjectives(setting);
  const parameters = weights(objective.parameters);
  const supervised = Supervised.byRule(
    "allReal",
    {
      stepReal: fact("stepReal", "b t", [4, 4]),
      dofReal: fact("dofReal", "b d", [4, 6]),
      targetReal: fact("targetReal", "b", [4]),
      dofMoves: Validity.complete("b d", [4, 6]),
      stepAsked: Validity.complete("b t", [4, 4]),
    },
    { rules: setting.rules, stepsThatTeach: "real" },
  );
  const results = new Map<Reduction, Record<string, Float64Array>>();

  beforeAll(async () => {
    const { loss, errors } = objective;
    const outputs = { ...gradientOutputs(objective, objective.parameters, "nothing"), loss, errors: errors[0]!.cells };
    const program = await Program.compile(outputs, { device: "cpu", threads: 2, fixed: new Map() });
    for (const reduction of reductions) {
      const counts: CellCounts = { bySlot: Supervised.countBySlot(supervised), perSlot: 4 };
      const term: Term = { name: "velocity", errors: "velocity", slots: [0, 1, 2, 3, 4, 5], reduction, weight: 1 };
      const weights = zeros("b d", [4, 6], "float32");
      fillCellWeights(weights, term, counts, { whole: countsOf(term, counts), rules: setting.rules });
      const feeds = new Map([...batch(), ...parameters, [weightsInput(velocityName), weights] as const]);
      results.set(reduction, await runProgram(program, feeds.set(teachesInput(velocityName), supervised.toArray())));
    }
    program.release();
  });

  it("in the number of cells that teach", () => {
    const { cells } = Supervised.countBySlot(supervised);
    const byRow = [0, 1, 2, 3].map((row) => cells.slice(row * 6, (row + 1) * 6).reduce((sum, count) => sum + count, 0));
    expect(byRow).toEqual(reference.supervisedCounts);
  });

  it.each(reductions)("in the loss over %s", (reduction) => {
    expectClose("loss", results.get(reduction)!.loss!, [expected.loss[reduction]], single);
  });

  it("in the velocity of every cell that teaches, and in each row's sum of squares", () => {
    const errors = results.get("cells")!.errors!;
    const [noise, actions] = ["noise", "actions"].map((name) => formulaValues(`tiny-policy/${name}`, 96, 2, 0));
    const teaches = supervised.toArray().cells;
    const wanted = expected.velocity.map((cell, at) =>
      teaches[at] === 1 ? (cell - (noise![at]! - actions![at]!)) ** 2 : 0,
    );
    expectClose("errors", errors, wanted, { ...single, absolute: 2e-6, because: "float32 squares up to 12" });
    const sums = [0, 1, 2, 3].map((row) => errors.slice(row * 24, (row + 1) * 24).reduce((sum, cell) => sum + cell, 0));
    expectClose("sums", sums, expected.sums, { ...single, absolute: 1e-5, because: "16 such squares" });
  });

  it.each(reductions)("in every gradient of the loss over %s, cell by cell along a random direction", (reduction) => {
    const openpi = foreignTensors(openpiNames, objective.parameters);
    for (const { parameter, name } of openpi) {
      const got = results.get(reduction)![`${gradientPrefix}${parameter}`]!;
      const wanted = expected.gradients[reduction][name]!;
      const direction = formulaValues(`${name} direction`, got.length, 1, 0);
      expectClose(
        name,
        [
          inner(got, direction),
          got.reduce((sum, cell) => sum + cell, 0),
          Math.sqrt(inner(got, got)),
          ...got.slice(0, 4),
        ],
        [wanted.dot, wanted.sum, wanted.norm, ...wanted.first],
        { absolute: 1e-7 + 3e-6 * wanted.norm, relative: 0, because: "float32 through a forward and a backward pass" },
      );
    }
  });

  it("in which parameters teach nothing: the loss does not read them here, their gradient is 0 there", () => {
    const read = foreignTensors(openpiNames, objective.parameters).map(({ name }) => name);
    const unread = Object.keys(reference.parameters).filter((name) => !read.includes(name));
    expect(unread).toEqual(
      Object.keys(reference.parameters).filter((name) => expected.gradients.cells[name]!.norm === 0),
    );
  });

  it.each([
    { steps: "with the batch's own steps", stepReal: [...fact("stepReal", "b t", [4, 4]).bits], key: "sampled" },
    {
      steps: "with every step real",
      stepReal: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0],
      key: "sampledEveryStepReal",
    },
  ] as const)("in actions sampled in ten Euler steps, $steps", async ({ stepReal, key }) => {
    const { actions, parameters: read } = traceActions(setting);
    const feeds = new Map([...batch(), ["stepReal", bits("b t", [4, 4], stepReal)] as const]);
    const sampled = await evaluate({ actions }, { feeds, threads: 2, fixed: weights(read) });
    const targets = fact("targetReal", "b", [4]);
    const promised = sampled.actions.map((cell, at) => (targets.isReal(Math.floor(at / 24)) ? cell : 0));
    expectClose(key, promised, expected[key], { ...single, absolute: 1e-6, because: "float32, ten times in sequence" });
  });
});

/** The batch of the reference, filler row included. */
function batch(): Map<string, HostArray<string, DataType>> {
  const time = Float32Array.from(reference.inputs.time.cells.flatMap((cell) => [cell, cell, cell, cell]));
  const times = new HostArray("b t", [4, 4], "float32", time);
  const value = (name: string, axes: string, shape: readonly number[]) =>
    new HostArray(axes, shape, "float32", formulaValues(`tiny-policy/${name}`, cells(shape), 2, 0));
  const pictures = formulaBytes("tiny-policy/images", 4 * 2 * 16 * 16 * 3);
  return new Map<string, HostArray<string, DataType>>([
    ["images", new HostArray("b o v h w c", [4, 1, 2, 16, 16, 3], "uint8", pictures)],
    ["prompt", integers("b n", [4, 6], [...formulaIds("tiny-policy/prompt", 24, 300)])],
    ["state", value("state", "b o s", [4, 1, 5])],
    ["actions", value("actions", "b t d", [4, 4, 6])],
    ["noise", value("noise", "b t d", [4, 4, 6])],
    ["time", times],
    ["timeEmbedding", embedTime(times, twoLayerPi0.sizes.micro.expert.width)],
    ["stepReal", fact("stepReal", "b t", [4, 4]).toArray()],
    ["dofReal", fact("dofReal", "b d", [4, 6]).toArray()],
    ["stateReal", fact("stateReal", "b s", [4, 5]).toArray()],
    ["targetReal", fact("targetReal", "b", [4]).toArray()],
    ["viewReal", fact("viewReal", "b o v", [4, 1, 2]).toArray()],
    ["tokenReal", fact("tokenReal", "b n", [4, 6]).toArray()],
    ["rowReal", fact("rowReal", "b", [4]).toArray()],
    // There is no history: the one slot is now, which every row that exists has.
    ["historyReal", fact("rowReal", "b o", [4, 1]).toArray()],
    ["historyKept", Validity.complete("b", [4]).toArray()],
  ]);
}

function fact<A extends string>(name: string, axes: A, shape: readonly number[]): Validity<A> {
  return Validity.of(axes, shape, Uint8Array.from(reference.facts[name]!.cells.flat()));
}

/** Weights that the formula makes under openpi's names, as our parameters. */
function weights(parameters: readonly ParameterForm[]): Map<string, HostArray<string, "float32">> {
  return new Map(
    foreignTensors(openpiNames, parameters).map(({ parameter, name, shape }, at) => {
      const { axes, shape: own } = parameters[at]!;
      const theirs = reference.parameters[name]!;
      expect(shape).toEqual(theirs.shape);
      return [parameter, floats("float32", axes, own, formulaValues(name, cells(own), theirs.scale, theirs.offset))];
    }),
  );
}

function inner(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < x.length; at++) sum += x[at]! * y[at]!;
  return sum;
}
