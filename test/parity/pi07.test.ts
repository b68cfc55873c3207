import { describe, expect, it } from "vitest";
import type { BatchLayout } from "../../src/batch/layout.ts";
import { foreignTensors } from "../../src/checkpoint/import/names.ts";
import { input } from "../../src/graph/array.ts";
import type { Arrays } from "../../src/graph/host-array.ts";
import { expectClose } from "../../src/graph/testing/close.ts";
import { bits, evaluate } from "../../src/graph/testing/evaluate.ts";
import { type ParameterForm, Scope } from "../../src/nn/parameter.ts";
import { flowInputs } from "../../src/objective/flow.ts";
import { gradientOutputs, gradientPrefix, traceActions, traceObjectives } from "../../src/objective/objective.ts";
import { observationInputs } from "../../src/policy/inputs.ts";
import { perceive, velocity } from "../../src/policy/policy.ts";
import { variants } from "../../src/policy/variant.ts";
import * as opentau from "./pi07-case.ts";
import { batch, type Kind, layoutOf, namesOf, reference, turned } from "./pi07-case.ts";
import { expectGradient } from "./reference.ts";

const variantOf = { gemma: variants.pi07_low_level, paligemma: variants.pi07_paligemma_low_level } as const;
const settingOf = (kind: Kind) => opentau.settingOf(kind, variantOf[kind]);
const weightsOf = (kind: Kind, forms: readonly ParameterForm[]) =>
  opentau.weightsOf(namesOf[kind], forms, reference[kind].parameters);

const share = (cells: readonly number[], part: number) => part * Math.max(...cells.map(Math.abs));

/** The velocity at the point between noise and actions. */
async function velocityOf(kind: Kind, feeds: Arrays, layout: BatchLayout): Promise<Float64Array> {
  const { form, rules } = settingOf(kind);
  const scope = Scope.root(rules);
  const perceived = perceive(scope, form, observationInputs(layout, rules, "uint8"));
  const got = velocity(scope, form, perceived, {
    noisy: input("noisy", "b t d", [3, 4, 6], "float32"),
    timeEmbedding: input(flowInputs.timeEmbedding, "b t e", [3, 4, reference[kind].sizes.expert.width], "float32"),
  });
  const found = await evaluate({ got }, { feeds, threads: 2, fixed: weightsOf(kind, scope.parameters) });
  return found.got;
}

const { gemma: low, paligemma } = reference;

describe.each([
  ["gemma", "told", low.told, ["untold", low.untold]],
  ["paligemma", "mixed", paligemma.mixed, ["told", paligemma.told]],
] as const)("π0.7's low level on %s is OpenTau's", (kind, most, expected, [other, brief]) => {
  const feeds = batch(kind, most);

  it(`in velocities, of samples that are ${most} and of those that are ${other}, which differ`, async () => {
    const because = "float32 through the layers there and here";
    const found = await velocityOf(kind, feeds, layoutOf(kind));
    expectClose(most, found, expected.velocity, { absolute: share(expected.velocity, 3e-6), relative: 0, because });
    const others = await velocityOf(kind, batch(kind, other), layoutOf(kind));
    expectClose(other, others, brief.velocity, { absolute: share(brief.velocity, 3e-6), relative: 0, because });
    const apart = Math.max(...expected.velocity.map((cell, at) => Math.abs(cell - brief.velocity[at]!)));
    expect(apart).toBeGreaterThan(share(brief.velocity, 1e-4));
  });

  it("in the loss and in the gradient of every parameter", async () => {
    const objectives = traceObjectives(settingOf(kind));
    const { loss, parameters } = objectives;
    const outputs = { ...gradientOutputs(objectives, parameters, "nothing"), loss };
    const fixed = weightsOf(kind, parameters);
    const found: Record<string, Float64Array> = await evaluate(outputs, { feeds, threads: 2, fixed });
    const because = "float32 sum of 72 cells";
    expectClose("loss", found.loss!, [expected.loss], { absolute: 0, relative: 2e-6, because });
    const tensors = foreignTensors(namesOf[kind], parameters);
    expect(tensors.map(({ name }) => name).sort()).toEqual(Object.keys(expected.gradients).sort());
    for (const [at, { name, parameter, shape, axes }] of tensors.entries()) {
      const own = found[`${gradientPrefix}${parameter}`]!;
      const theirs = axes === parameters[at]!.axes ? own : turned(own, shape);
      expectGradient(name, theirs, expected.gradients[name]!, 2e-5);
    }
  });

  it("in a chunk sampled in all its steps", async () => {
    const { actions, parameters } = traceActions(settingOf(kind));
    const { got } = await evaluate({ got: actions }, { feeds, threads: 2, fixed: weightsOf(kind, parameters) });
    const because = "float32, five or ten times in sequence";
    expectClose("chunk", got, expected.sampled, { absolute: share(expected.sampled, 1e-5), relative: 0, because });
  });
});

it.each(["gemma", "paligemma"] as const)(
  "on %s a policy without room for responses is the same as one that is given none",
  async (kind) => {
    const feeds = new Map(batch(kind, "mixed"));
    feeds.set("responseReal", bits("b r", [3, 4], Array<number>(12).fill(0)));
    const { responseTokens: _, ...roomless } = layoutOf(kind);
    const own = await velocityOf(kind, feeds, layoutOf(kind));
    const other = await velocityOf(kind, feeds, roomless);
    const because = "float32 sums over four keys fewer";
    expectClose("velocity", other, own, { absolute: share([...own], 3e-6), relative: 0, because });
  },
);
