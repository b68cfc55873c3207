import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { z } from "zod";
import type { BatchLayout } from "../../src/batch/layout.ts";
import { type ForeignNames, foreignTensors } from "../../src/checkpoint/import/names.ts";
import { opentauNames } from "../../src/checkpoint/import/opentau-names.ts";
import { embedTimes } from "../../src/flow/time.ts";
import { cells } from "../../src/graph/axes.ts";
import { type DataType, HostArray } from "../../src/graph/host-array.ts";
import { bits, floats, integers } from "../../src/graph/testing/evaluate.ts";
import type { ParameterForm, ParameterValues } from "../../src/nn/parameter.ts";
import { flowInputs } from "../../src/objective/flow.ts";
import type { Setting } from "../../src/objective/traced.ts";
import { policyForm } from "../../src/policy/policy.ts";
import type { FlowVariant } from "../../src/policy/variant.ts";
import { Rules } from "../../src/validity/rules.ts";
import { formulaBytes, formulaIds, formulaValues } from "./formula.ts";
import { gradientSchema, parametersSchema, sizesSchema } from "./reference.ts";
import { wholeRobots } from "./whole-robots.ts";

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
/** What OpenTau computed, and of what. */
export const reference = file.parse(JSON.parse(readFileSync(new URL("pi07.json", import.meta.url), "utf8")));
const { facts, cases, vocabulary } = reference;

export type Kind = "gemma" | "paligemma";
export type Case = keyof typeof cases;

export const layoutOf = (kind: Kind) => ({
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

/** @param said of how many numbers action tokens are, and of how many tokens; none where the row says none */
export function settingOf(kind: Kind, row: FlowVariant, said = { vocabulary: 0, tokens: 0 }): Setting {
  const layout: BatchLayout = { ...layoutOf(kind), actionTokens: said.tokens };
  const form = policyForm(row, reference[kind].sizes, {
    vocabulary,
    ...(said.tokens === 0 ? {} : { actionVocabulary: said.vocabulary }),
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

/** OpenTau's names. */
export const namesOf = { gemma: opentauNames.pi07OnGemma3, paligemma: opentauNames.onPaligemma } as const;

export type Described = z.infer<typeof parametersSchema>;

/** Of what the backbone computes behind its last keys, which nothing reads, no weights are stored. */
export function weightsOf(names: ForeignNames, forms: readonly ParameterForm[], described: Described): ParameterValues {
  return new Map(
    foreignTensors(names, forms).flatMap(({ name, shape, axes }, at) => {
      const [form, known] = [forms[at]!, described[name]];
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

/** The samples, without what only their action tokens need. */
export function batch(kind: Kind, of: Case): Map<string, HostArray<string, DataType>> {
  const { rows: b, observations: o, views: v, pictureSize: p, ...layout } = layoutOf(kind);
  const { tokens: n, responseTokens: r, metadataTokens: z, subgoals: x, stateWidth: s } = layout;
  const [images, subgoals] = [
    formulaBytes("pi07/images", cells([b, o, v, p, p, 3])),
    formulaBytes("pi07/subgoals", cells([b, x, p, p, 3])),
  ];
  return new Map<string, HostArray<string, DataType>>([
    ["images", new HostArray("b o v h w c", [b, o, v, p, p, 3], "uint8", images)],
    ["prompt", words("prompt", "b n", [b, n])],
    ["response", words("response", "b r", [b, r])],
    ["metadata", words("metadata", "b z", [b, z])],
    ["subgoals", new HostArray("b x h w c", [b, x, p, p, 3], "uint8", subgoals)],
    ["state", value("state", "b o s", [b, o, s])],
    ...pathOf(kind),
    ...factsOf(kind, of),
  ]);
}

/** Actions, noise and the point between them. */
function pathOf(kind: Kind): [string, HostArray<string, DataType>][] {
  const { rows: b, steps: t, actionWidth: d } = layoutOf(kind);
  const at = reference.time.flatMap((when) => Array<number>(t).fill(when));
  const time = floats("float32", "b t", [b, t], at);
  const [actions, noise] = [value("actions", "b t d", [b, t, d]), value("noise", "b t d", [b, t, d])];
  const noisy = noise.cells.map((cell, index) => {
    const when = time.cells[Math.floor(index / d)]!;
    return when * cell + (1 - when) * actions.cells[index]!;
  });
  const { width } = reference[kind].sizes.expert;
  return [
    [flowInputs.actions, actions],
    [flowInputs.noise, noise],
    ["noisy", floats("float32", "b t d", [b, t, d], noisy)],
    [flowInputs.time, time],
    [flowInputs.timeEmbedding, embedTimes(time, { kind: "continuous", width })],
  ];
}

/** What exists, and what teaches the flow. */
function factsOf(kind: Kind, of: Case): [string, HostArray<string, DataType>][] {
  const { rows: b, steps: t, actionWidth: d, stateWidth: s, views: v, observations: o, ...layout } = layoutOf(kind);
  const { tokens: n, responseTokens: r, metadataTokens: z, subgoals: x } = layout;
  const { responseReal, metadataReal, subgoalReal } = cases[of];
  const views = facts.viewReal.flatMap((bit) => Array(o).fill(bit).flat());
  return [
    ["viewReal", bits("b o v", [b, o, v], views)],
    ["tokenReal", bits("b n", [b, n], facts.tokenReal.flat())],
    ["responseReal", bits("b r", [b, r], responseReal.flat())],
    ["metadataReal", bits("b z", [b, z], metadataReal.flat())],
    ["subgoalReal", bits("b x", [b, x], subgoalReal.flat())],
    ["historyReal", bits("b o", [b, o], facts.historyReal.flat())],
    ...wholeRobots(b, { steps: t, actionWidth: d, stateWidth: s }),
  ];
}

/** The cells of a matrix whose columns are the other's rows, of the other's shape. */
export function turned(cells: Float64Array, [rows = 0, columns = 0]: readonly number[]): Float64Array {
  if (rows * columns !== cells.length) return cells;
  return cells.map((_, at) => cells[(at % columns) * rows + Math.floor(at / columns)]!);
}
