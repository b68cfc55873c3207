import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { factNames } from "../../src/batch/each.ts";
import { factAxes } from "../../src/batch/fields.ts";
import { shapeIn } from "../../src/batch/layout.ts";
import { embedTimes } from "../../src/flow/time.ts";
import { cells } from "../../src/graph/axes.ts";
import { type DataType, HostArray, zeros } from "../../src/graph/host-array.ts";
import { Program } from "../../src/graph/program.ts";
import { expectClose } from "../../src/graph/testing/close.ts";
import { evaluate, integers, runProgram } from "../../src/graph/testing/evaluate.ts";
import {
  type CellCounts,
  countsOf,
  fillCellWeights,
  type Reduction,
  reductions,
  type Term,
} from "../../src/loss/reduction.ts";
import { velocityName } from "../../src/objective/flow.ts";
import { gradientOutputs, gradientPrefix, traceActions, traceObjectives } from "../../src/objective/objective.ts";
import type { Setting } from "../../src/objective/traced.ts";
import { teachesInput, weightsInput } from "../../src/objective/traced.ts";
import type { GrootHead } from "../../src/policy/head/form.ts";
import { policyForm, timeEmbeddingOf } from "../../src/policy/policy.ts";
import { Rules } from "../../src/validity/rules.ts";
import { Supervised } from "../../src/validity/supervised.ts";
import { Validity } from "../../src/validity/validity.ts";
import { formulaBytes, formulaIds, formulaValues } from "./formula.ts";
import { expectGradient, fewLayers, formulaWeights, gradientSchema, parametersSchema } from "./reference.ts";
import { twoLayerGroot } from "./two-layers.ts";

const numbers = z.array(z.number());
const results = z.object({
  loss: z.object({ cells: z.number(), samples: z.number() }),
  velocity: numbers,
  sampled: numbers,
});
const bySlot = z.array(z.union([z.number(), z.array(z.union([z.number(), numbers]))]));
const file = z.object({
  config: z.object({ embodiments: z.number(), parts: z.object({ arm: numbers, claw: numbers }) }),
  inputs: z.object({ time: z.object({ cells: numbers }), embodiment: z.object({ cells: numbers }) }),
  facts: z.record(z.string(), z.object({ cells: bySlot })),
  parameters: parametersSchema,
  float64: z.object({
    real: results,
    asReleasedGr00t: results,
    gradients: z.object({
      cells: z.record(z.string(), gradientSchema),
      samples: z.record(z.string(), gradientSchema),
    }),
  }),
});
const reference = file.parse(JSON.parse(readFileSync(new URL("groot-head.json", import.meta.url), "utf8")));
const { parts, embodiments } = reference.config;

const settingWith = (crossAttentionKeys: GrootHead["crossAttentionKeys"], rules: Rules): Setting => ({
  form: policyForm(twoLayerGroot, "micro", {
    vocabulary: 300,
    parts: Object.entries(parts).map(([name, slots]) => ({ name, slots })),
    embodiments,
    crossAttentionKeys,
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
    observations: 2,
    tokens: 6,
    responseTokens: 0,
    actionTokens: 0,
    pictureSize: 16,
  },
  unrealInput: "zero",
  rules,
  hidden: "plain",
  pictures: "uint8",
});
const setting = settingWith("real", Rules.all);

const single = { absolute: 1e-6, relative: 1e-6, because: "float32 through six layers, cells of size 1" };

describe("the micro policy with two slots and GR00T's head is PyTorch's", () => {
  const objective = traceObjectives(setting);
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
  const counts: CellCounts = { bySlot: Supervised.countBySlot(supervised), perSlot: 4 };
  const found = new Map<Reduction, Record<string, Float64Array>>();

  /** Loss, errors and gradients, each part a term of its own. */
  async function run(of: Setting, reduction: Reduction): Promise<Record<string, Float64Array>> {
    const traced = traceObjectives(of);
    const { loss, errors } = traced;
    const outputs = { ...gradientOutputs(traced, traced.parameters, "nothing"), loss, errors: errors[0]!.cells };
    const program = await Program.compile(outputs, { device: "cpu", threads: 2, fixed: new Map() });
    const weights = zeros("b d", [4, 6], "float32");
    for (const [name, slots] of Object.entries(parts)) {
      const term: Term = { name, errors: "velocity", slots, reduction, weight: 1 };
      fillCellWeights(weights, term, counts, { whole: countsOf(term, counts), rules: of.rules });
    }
    const feeds = new Map([...batch(), ...formulaWeights(traced.parameters, reference.parameters)]);
    feeds.set(weightsInput(velocityName), weights).set(teachesInput(velocityName), supervised.toArray());
    const result = await runProgram(program, feeds);
    program.release();
    return result;
  }

  beforeAll(async () => {
    for (const reduction of reductions) found.set(reduction, await run(setting, reduction));
  });

  it.each(reductions)("in the loss over %s, of arm and claw", (reduction) => {
    expectClose("loss", found.get(reduction)!.loss!, [reference.float64.real.loss[reduction]], single);
  });

  it("in the velocity of every cell that teaches", () => {
    const [noise, actions] = ["noise", "actions"].map((name) => formulaValues(`groot-head/${name}`, 96, 2, 0));
    const teaches = supervised.toArray().cells;
    const wanted = reference.float64.real.velocity.map((cell, at) =>
      teaches[at] === 1 ? (cell - (actions![at]! - noise![at]!)) ** 2 : 0,
    );
    expectClose("errors", found.get("cells")!.errors!, wanted, {
      ...single,
      absolute: 1e-5,
      because: "float32 squares up to 16",
    });
  });

  it.each(reductions)("in every gradient of the loss over %s", (reduction) => {
    for (const { name } of objective.parameters)
      expectGradient(
        name,
        found.get(reduction)![`${gradientPrefix}${name}`]!,
        reference.float64.gradients[reduction][name]!,
        fewLayers,
      );
  });

  it("in actions sampled in four Euler steps from noise at time zero", async () => {
    await expectSampled(setting, reference.float64.real.sampled);
  });

  it("as released only under that name: every token is read, the mask dropped", async () => {
    const released = settingWith("asReleasedGr00t", Rules.all);
    const expected = reference.float64.asReleasedGr00t;
    expect(Math.abs(expected.loss.cells - reference.float64.real.loss.cells)).toBeGreaterThan(1e-4);
    expectClose("loss", (await run(released, "cells")).loss!, [expected.loss.cells], single);
    await expectSampled(released, expected.sampled);
    const broken = await run(settingWith("real", Rules.without("cross-attention-keys")), "cells");
    expectClose("with the rule switched off", broken.loss!, [expected.loss.cells], single);
  });
});

async function expectSampled(of: Setting, expected: readonly number[]): Promise<void> {
  const { actions, parameters } = traceActions(of);
  const fixed = formulaWeights(parameters, reference.parameters);
  const sampled = await evaluate({ actions }, { feeds: batch(), threads: 2, fixed });
  const because = "float32, four times in sequence";
  expectClose("sampled", sampled.actions, expected, { absolute: 2e-6, relative: 1e-6, because });
}

/** Of what this policy does not read there is none in its batch. */
const unread = new Set<string>(["actionTokenReal", "responseReal", "metadataReal", "subgoalReal"]);

/** The batch of the reference, filler row included. */
function batch(): Map<string, HostArray<string, DataType>> {
  const time = Float32Array.from(reference.inputs.time.cells.flatMap((cell) => [cell, cell, cell, cell]));
  const times = new HostArray("b t", [4, 4], "float32", time);
  const value = (name: string, axes: string, shape: readonly number[]) =>
    new HostArray(axes, shape, "float32", formulaValues(`groot-head/${name}`, cells(shape), 2, 0));
  const pictures = formulaBytes("groot-head/images", 4 * 2 * 2 * 16 * 16 * 3);
  const arrays: [string, HostArray<string, DataType>][] = [
    ["images", new HostArray("b o v h w c", [4, 2, 2, 16, 16, 3], "uint8", pictures)],
    ["prompt", integers("b n", [4, 6], [...formulaIds("groot-head/prompt", 24, 300)])],
    ["state", value("state", "b o s", [4, 2, 5])],
    ["actions", value("actions", "b t d", [4, 4, 6])],
    ["noise", value("noise", "b t d", [4, 4, 6])],
    ["embodiment", integers("b", [4], reference.inputs.embodiment.cells)],
    ["time", times],
    ["timeEmbedding", embedTimes(times, timeEmbeddingOf(setting.form))],
  ];
  const facts = factNames.map((name) => {
    const axes = factAxes[name];
    if (unread.has(name)) return [name, Validity.complete(axes, shapeIn(setting.layout, axes)).toArray()] as const;
    return [name, fact(name, axes, shapeIn(setting.layout, axes)).toArray()] as const;
  });
  return new Map<string, HostArray<string, DataType>>([...arrays, ...facts]);
}

function fact<A extends string>(name: string, axes: A, shape: readonly number[]): Validity<A> {
  return Validity.of(axes, shape, Uint8Array.from(reference.facts[name]!.cells.flat(2)));
}
