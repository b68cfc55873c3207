import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { z } from "zod";
import { foreignTensors } from "../../src/checkpoint/import/names.ts";
import { opentauNames } from "../../src/checkpoint/import/opentau-names.ts";
import { embedTimes } from "../../src/flow/time.ts";
import { input } from "../../src/graph/array.ts";
import { cells } from "../../src/graph/axes.ts";
import { type DataType, HostArray } from "../../src/graph/host-array.ts";
import { bits, floats, integers } from "../../src/graph/testing/evaluate.ts";
import { type ParameterForm, type ParameterValues, Scope } from "../../src/nn/parameter.ts";
import { flowInputs } from "../../src/objective/flow.ts";
import type { Setting } from "../../src/objective/traced.ts";
import { observationInputs } from "../../src/policy/inputs.ts";
import { perceive, policyForm, velocity } from "../../src/policy/policy.ts";
import type { FlowSize } from "../../src/policy/size.ts";
import type { FlowVariant } from "../../src/policy/variant.ts";
import { Rules } from "../../src/validity/rules.ts";
import { formulaBytes, formulaIds, formulaValues } from "./formula.ts";
import { gradientSchema, parametersSchema, sizesSchema } from "./reference.ts";
import { wholeRobots } from "./whole-robots.ts";

const numbers = z.array(z.number());
const seen = z.object({ loss: z.number(), velocity: numbers });
const file = z.object({
  sizes: sizesSchema.extend({ vocabulary: z.number() }),
  facts: z.object({ viewReal: z.array(numbers), tokenReal: z.array(numbers), historyReal: z.array(numbers) }),
  time: numbers,
  parameters: parametersSchema,
  threeAxes: seen.extend({
    positions: z.object({ prefix: z.array(z.array(numbers)), suffix: z.array(z.array(numbers)) }),
    sampled: numbers,
    gradients: z.record(z.string(), gradientSchema),
  }),
  oneAxis: seen,
});
/** What OpenTau computed, and of what. */
export const reference = file.parse(JSON.parse(readFileSync(new URL("pi05-mem.json", import.meta.url), "utf8")));
const { facts } = reference;

export const layout = {
  rows: 3,
  steps: 4,
  actionWidth: 6,
  stateWidth: 5,
  views: 3,
  observations: 3,
  tokens: 6,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: reference.sizes.vision.picture,
};
const {
  rows: b,
  steps: t,
  actionWidth: d,
  stateWidth: s,
  views: v,
  observations: o,
  tokens: n,
  pictureSize: p,
} = layout;
export function settingOf(variant: FlowVariant, size: FlowSize = reference.sizes): Setting {
  const form = policyForm(variant, size, {
    vocabulary: reference.sizes.vocabulary,
    parts: [{ name: "velocity", slots: [0, 1, 2, 3, 4, 5] }],
    embodiments: 1,
    crossAttentionKeys: "real",
    horizon: t,
    actionSight: "both",
    pastEnd: "hidden",
  });
  return { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" };
}

/** OpenTau's. */
export const names = opentauNames.onPaligemma;

export type Described = z.infer<typeof parametersSchema>;

/** Of what the backbone computes behind its last keys, which nothing reads, no weights are stored. */
export function weightsOf(forms: readonly ParameterForm[], described: Described): ParameterValues {
  return new Map(
    foreignTensors(names, forms).flatMap(({ name, shape }, at) => {
      const [form, known] = [forms[at]!, described[name]];
      if (known === undefined) return [];
      expect([name, known.shape]).toEqual([name, [...shape]]);
      const values = formulaValues(`pi05-mem/${name}`, cells(shape), known.scale, known.offset);
      return [[form.name, floats("float32", form.axes, form.shape, values)]];
    }),
  );
}

function value<A extends string>(name: string, axes: A, shape: readonly number[]) {
  return floats("float32", axes, shape, formulaValues(`pi05-mem/${name}`, cells(shape), 2, 0));
}

/** No token is 0, whose row their table never learns. */
const words = Array.from(formulaIds("pi05-mem/prompt", b * n, reference.sizes.vocabulary - 1), (id) => 1 + id);

/** Each camera is there in every slot, or in none. */
export function batch(historyReal = facts.historyReal): Map<string, HostArray<string, DataType>> {
  const time = new HostArray(
    "b t",
    [b, t],
    "float32",
    Float32Array.from(reference.time.flatMap((at) => [at, at, at, at])),
  );
  const [actions, noise] = [value("actions", "b t d", [b, t, d]), value("noise", "b t d", [b, t, d])];
  const noisy = noise.cells.map((cell, at) => {
    const when = time.cells[Math.floor(at / d)]!;
    return when * cell + (1 - when) * actions.cells[at]!;
  });
  const pictures = formulaBytes("pi05-mem/images", cells([b, o, v, p, p, 3]));
  return new Map<string, HostArray<string, DataType>>([
    ["images", new HostArray("b o v h w c", [b, o, v, p, p, 3], "uint8", pictures)],
    ["prompt", integers("b n", [b, n], words)],
    ["state", value("state", "b o s", [b, o, s])],
    ["embodiment", integers("b", [b], [0, 0, 0])],
    [flowInputs.actions, actions],
    [flowInputs.noise, noise],
    ["noisy", floats("float32", "b t d", [b, t, d], noisy)],
    [flowInputs.time, time],
    [flowInputs.timeEmbedding, embedTimes(time, { kind: "continuous", width: reference.sizes.expert.width })],
    [
      "viewReal",
      bits(
        "b o v",
        [b, o, v],
        facts.viewReal.flatMap((views) => [...views, ...views, ...views]),
      ),
    ],
    ["tokenReal", bits("b n", [b, n], facts.tokenReal.flat())],
    ["historyReal", bits("b o", [b, o], historyReal.flat())],
    ...wholeRobots(b, { steps: t, actionWidth: d, stateWidth: s }),
  ]);
}

/** The velocity at the point between noise and actions, and the positions of what the backbone and the expert read. */
export function traced({ form, rules }: Setting, described: Described) {
  const scope = Scope.root(rules);
  const perceived = perceive(scope, form, observationInputs(layout, rules, "uint8"));
  const found = velocity(scope, form, perceived, {
    noisy: input("noisy", "b t d", [b, t, d], "float32"),
    timeEmbedding: input(flowInputs.timeEmbedding, "b t e", [b, t, reference.sizes.expert.width], "float32"),
  });
  return { found, positions: perceived.stream.positions, fixed: weightsOf(scope.parameters, described) };
}
