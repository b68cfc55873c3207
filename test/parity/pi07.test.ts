import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { BatchLayout } from "../../src/batch/layout.ts";
import { gemma3TrunkRows, pooledConnectorRows, siglipRows } from "../../src/checkpoint/import/module-names.ts";
import { type ForeignNames, foreignTensors, type NameRow, within } from "../../src/checkpoint/import/names.ts";
import { openpiAdaptiveNames } from "../../src/checkpoint/import/openpi.ts";
import { embedTimes } from "../../src/flow/time.ts";
import { input } from "../../src/graph/array.ts";
import { cells } from "../../src/graph/axes.ts";
import { type Arrays, type DataType, HostArray } from "../../src/graph/host-array.ts";
import { expectClose } from "../../src/graph/testing/close.ts";
import { bits, evaluate, floats, integers } from "../../src/graph/testing/evaluate.ts";
import { type ParameterForm, type ParameterValues, Scope } from "../../src/nn/parameter.ts";
import { flowInputs, velocityName } from "../../src/objective/flow.ts";
import { gradientOutputs, gradientPrefix, traceActions, traceObjectives } from "../../src/objective/objective.ts";
import { type Setting, teachesInput, weightsInput } from "../../src/objective/traced.ts";
import { observationInputs } from "../../src/policy/inputs.ts";
import { perceive, policyForm, timeEmbeddingOf, velocity } from "../../src/policy/policy.ts";
import { type FlowVariant, variants } from "../../src/policy/variant.ts";
import { Rules } from "../../src/validity/rules.ts";
import { formulaBytes, formulaIds, formulaValues } from "./formula.ts";
import { expectGradient, gradientSchema, parametersSchema, sizesSchema } from "./reference.ts";

const numbers = z.array(z.number());
const rows = z.array(numbers);
const brief = z.object({ loss: z.number(), velocity: numbers });
const whole = brief.extend({ sampled: numbers, gradients: z.record(z.string(), gradientSchema) });
const policy = z.object({
  sizes: sizesSchema,
  parameters: parametersSchema,
});
const told = z.object({ responseReal: rows, metadataReal: rows, subgoalReal: rows });
const file = z.object({
  vocabulary: z.number(),
  texts: z.record(z.string(), numbers),
  facts: z.object({ viewReal: rows, tokenReal: rows, historyReal: rows }),
  cases: z.object({ told, untold: told, mixed: told }),
  time: numbers,
  gemma: policy.extend({ told: whole, untold: brief }),
  paligemma: policy.extend({ mixed: whole, told: brief }),
});
const reference = file.parse(JSON.parse(readFileSync(new URL("pi07.json", import.meta.url), "utf8")));
const { facts, cases, vocabulary } = reference;

type Kind = "gemma" | "paligemma";
type Case = keyof typeof cases;

const variantOf = { gemma: variants.pi07_low_level, paligemma: variants.pi07_paligemma_low_level } as const;

const layoutOf = (kind: Kind) => ({
  rows: 3,
  steps: 4,
  actionWidth: 6,
  stateWidth: 5,
  views: 3,
  observations: 3,
  tokens: 6,
  responseTokens: 4,
  metadataTokens: 5,
  subgoals: 3,
  actionTokens: 0,
  pictureSize: reference[kind].sizes.vision.picture,
});

function settingOf(kind: Kind): Setting {
  const [layout, variant]: [ReturnType<typeof layoutOf>, FlowVariant] = [layoutOf(kind), variantOf[kind]];
  const form = policyForm(variant, reference[kind].sizes, {
    vocabulary,
    texts: new Map(Object.entries(reference.texts)),
    parts: [{ name: "velocity", slots: [0, 1, 2, 3, 4, 5] }],
    embodiments: 1,
    crossAttentionKeys: "real",
    horizon: layout.steps,
    actionSight: "both",
    pastEnd: "hidden",
  });
  return { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" };
}

const state: NameRow[] = [
  ["state.weight", "state_proj.weight", "e s"],
  ["state.bias", "state_proj.bias", "e"],
];
const onPaligemma: ForeignNames = { ...openpiAdaptiveNames, rows: [...openpiAdaptiveNames.rows, ...state] };

const gemma = "gemma3_with_expert.gemma3.model";
const layers = "gemma3_with_expert.interleaved_layers.*";

/** A layer of the backbone and one of the expert side by side; the rest as openpi has it. */
const onGemma: ForeignNames = {
  ...openpiAdaptiveNames,
  rows: [
    ...within("vision.tower", `${gemma}.vision_tower.vision_model`, siglipRows),
    ...within("vision.projector", `${gemma}.multi_modal_projector`, pooledConnectorRows),
    ["embedding.weight", `${gemma}.language_model.embed_tokens.weight`, "y e"],
    ...within("backbone", `${gemma}.language_model`, gemma3TrunkRows).map(
      ([own, theirs, ...axes]): NameRow => [
        own,
        theirs.replace(`${gemma}.language_model.layers.*`, `${layers}.backbone_layer`),
        ...axes,
      ],
    ),
    ...openpiAdaptiveNames.rows.flatMap(([own, theirs, ...axes]): NameRow[] =>
      /^(expert|action)\./.test(own)
        ? [
            [
              own,
              theirs
                .replace("paligemma_with_expert.gemma_expert.model.layers.*", `${layers}.expert_layer`)
                .replace("paligemma_with_expert", "gemma3_with_expert"),
              ...axes,
            ],
          ]
        : [],
    ),
    ...state,
  ],
};
const namesOf = { gemma: onGemma, paligemma: onPaligemma } as const;

/** Of what the backbone computes behind its last keys, which nothing reads, no weights are stored. */
function weightsOf(kind: Kind, forms: readonly ParameterForm[]): ParameterValues {
  return new Map(
    foreignTensors(namesOf[kind], forms).flatMap(({ name, shape, axes }, at) => {
      const [form, known] = [forms[at]!, reference[kind].parameters[name]];
      if (known === undefined) return [];
      expect([name, known.shape]).toEqual([name, [...shape]]);
      const values = formulaValues(`pi07/${name}`, cells(shape), known.scale, known.offset);
      return [[form.name, floats("float32", form.axes, form.shape, inOurOrder(values, shape, axes, form.axes))]];
    }),
  );
}

/** A matrix whose rows are our columns, turned; anything else as it is. */
function inOurOrder(values: Float32Array, [rows = 0, columns = 0]: readonly number[], theirs: string, ours: string) {
  if (theirs === ours || rows * columns !== values.length) return values;
  return values.map((_, at) => values[(at % rows) * columns + Math.floor(at / rows)]!);
}

function value<A extends string>(name: string, axes: A, shape: readonly number[]) {
  return floats("float32", axes, shape, formulaValues(`pi07/${name}`, cells(shape), 2, 0));
}

/** No token is 0, whose row their table never learns. */
function words<A extends string>(name: string, axes: A, shape: readonly number[]) {
  const ids = formulaIds(`pi07/${name}`, cells(shape), vocabulary - 1);
  return integers(
    axes,
    shape,
    Array.from(ids, (id) => 1 + id),
  );
}

const everywhere = <A extends string>(axes: A, shape: readonly number[]) =>
  bits(axes, shape, Array<number>(cells(shape)).fill(1));

function batch(kind: Kind, of: Case): Arrays {
  const layout = layoutOf(kind);
  const { rows: b, steps: t, actionWidth: d, stateWidth: s, views: v, observations: o, pictureSize: p } = layout;
  const { tokens: n, responseTokens: r, metadataTokens: z, subgoals: x } = layout;
  const time = floats(
    "float32",
    "b t",
    [b, t],
    reference.time.flatMap((at) => [at, at, at, at]),
  );
  const [actions, noise] = [value("actions", "b t d", [b, t, d]), value("noise", "b t d", [b, t, d])];
  const noisy = noise.cells.map((cell, at) => {
    const when = time.cells[Math.floor(at / d)]!;
    return when * cell + (1 - when) * actions.cells[at]!;
  });
  const [images, subgoals] = [
    formulaBytes("pi07/images", cells([b, o, v, p, p, 3])),
    formulaBytes("pi07/subgoals", cells([b, x, p, p, 3])),
  ];
  const { responseReal, metadataReal, subgoalReal } = cases[of];
  return new Map<string, HostArray<string, DataType>>([
    ["images", new HostArray("b o v h w c", [b, o, v, p, p, 3], "uint8", images)],
    ["prompt", words("prompt", "b n", [b, n])],
    ["response", words("response", "b r", [b, r])],
    ["metadata", words("metadata", "b z", [b, z])],
    ["subgoals", new HostArray("b x h w c", [b, x, p, p, 3], "uint8", subgoals)],
    ["state", value("state", "b o s", [b, o, s])],
    [flowInputs.actions, actions],
    [flowInputs.noise, noise],
    ["noisy", floats("float32", "b t d", [b, t, d], noisy)],
    [flowInputs.time, time],
    [flowInputs.timeEmbedding, embedTimes(time, timeEmbeddingOf(settingOf(kind).form))],
    [
      "viewReal",
      bits(
        "b o v",
        [b, o, v],
        facts.viewReal.flatMap((views) => [...views, ...views, ...views]),
      ),
    ],
    ["tokenReal", bits("b n", [b, n], facts.tokenReal.flat())],
    ["responseReal", bits("b r", [b, r], responseReal.flat())],
    ["metadataReal", bits("b z", [b, z], metadataReal.flat())],
    ["subgoalReal", bits("b x", [b, x], subgoalReal.flat())],
    ["historyReal", bits("b o", [b, o], facts.historyReal.flat())],
    ["historyKept", everywhere("b", [b])],
    ["stepReal", everywhere("b t", [b, t])],
    ["dofReal", everywhere("b d", [b, d])],
    ["stateReal", everywhere("b s", [b, s])],
    ["targetReal", everywhere("b", [b])],
    ["rowReal", everywhere("b", [b])],
    [teachesInput(velocityName), everywhere("b t d", [b, t, d])],
    [weightsInput(velocityName), floats("float32", "b d", [b, d], Array<number>(b * d).fill(1 / (b * t * d)))],
  ]);
}

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

/** The cells of a matrix whose columns are the other's rows, of the other's shape. */
function turned(cells: Float64Array, [rows = 0, columns = 0]: readonly number[]): Float64Array {
  if (rows * columns !== cells.length) return cells;
  return cells.map((_, at) => cells[(at % columns) * rows + Math.floor(at / columns)]!);
}
