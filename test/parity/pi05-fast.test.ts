import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { BatchLayout } from "../../src/batch/layout.ts";
import { foreignTensors } from "../../src/checkpoint/import/names.ts";
import { opentauNames } from "../../src/checkpoint/import/opentau-names.ts";
import { embedTimes } from "../../src/flow/time.ts";
import { input } from "../../src/graph/array.ts";
import { cells } from "../../src/graph/axes.ts";
import { type Arrays, type DataType, HostArray } from "../../src/graph/host-array.ts";
import { expectClose } from "../../src/graph/testing/close.ts";
import { bits, evaluate, floats, integers } from "../../src/graph/testing/evaluate.ts";
import { type ParameterForm, type ParameterValues, Scope } from "../../src/nn/parameter.ts";
import { flowInputs, velocityName } from "../../src/objective/flow.ts";
import { errorOutputs, gradientOutputs, gradientPrefix, traceObjectives } from "../../src/objective/objective.ts";
import { responseName } from "../../src/objective/response.ts";
import { tokensName } from "../../src/objective/token-error.ts";
import { errorsOutput, type Setting, teachesInput, weightsInput } from "../../src/objective/traced.ts";
import { observationInputs } from "../../src/policy/inputs.ts";
import { perceive, policyForm, timeEmbeddingOf, velocity } from "../../src/policy/policy.ts";
import { type FlowVariant, variants } from "../../src/policy/variant.ts";
import { Rules } from "../../src/validity/rules.ts";
import { formulaBytes, formulaIds, formulaValues } from "./formula.ts";
import { expectGradient, gradientSchema, parametersSchema, sizesSchema } from "./reference.ts";
import { behind, columns, following, saidActions } from "./said-actions.ts";
import { everywhere } from "./whole-robots.ts";

const numbers = z.array(z.number());
const rows = z.array(numbers);
const learnt = z.object({ gradients: z.record(z.string(), gradientSchema) });
const file = z.object({
  sizes: sizesSchema,
  vocabulary: z.number(),
  actionVocabulary: z.number(),
  texts: z.object({ "Response: ": numbers, "Action: ": numbers }),
  facts: z.object({ viewReal: rows, tokenReal: rows, responseReal: rows, actionReal: rows }),
  time: numbers,
  parameters: parametersSchema,
  joined: learnt,
  apart: learnt.extend({
    velocity: numbers,
    mse: z.number(),
    ce: z.number(),
    actionTokens: numbers,
    response: numbers,
  }),
});
const reference = file.parse(JSON.parse(readFileSync(new URL("pi05-fast.json", import.meta.url), "utf8")));
const { facts, texts, apart, joined, vocabulary, actionVocabulary } = reference;

const [b, t, d, v, n] = [3, 4, 6, 3, 6];
const given = { response: texts["Response: "].length, actions: texts["Action: "].length };
const [responses, actions] = [facts.responseReal[0]!.length, facts.actionReal[0]!.length];
const [r, m] = [given.response + responses, given.actions + actions];
const layout: BatchLayout = {
  rows: b,
  steps: t,
  actionWidth: d,
  stateWidth: 5,
  views: v,
  observations: 1,
  tokens: n,
  responseTokens: r,
  actionTokens: m,
  pictureSize: reference.sizes.vision.picture,
};

function settingOf(insulated: boolean): Setting {
  const { objectives } = variants.pi05_fast;
  const row: FlowVariant = {
    ...variants.pi05_fast,
    insulated,
    objectives: [...objectives, { kind: "response", scores: "embedding" }],
  };
  const form = policyForm(row, reference.sizes, {
    vocabulary,
    actionVocabulary,
    parts: [{ name: "velocity", slots: [0, 1, 2, 3, 4, 5] }],
    embodiments: 1,
    crossAttentionKeys: "real",
    horizon: t,
    actionSight: "both",
    pastEnd: "hidden",
  });
  return { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" };
}

const names = opentauNames.onPaligemma;

function weightsOf(forms: readonly ParameterForm[]): ParameterValues {
  return new Map(
    foreignTensors(names, forms).flatMap(({ name, shape }, at) => {
      const [form, known] = [forms[at]!, reference.parameters[name]];
      if (known === undefined) return [];
      expect([name, known.shape]).toEqual([name, [...shape]]);
      const values = formulaValues(`pi05-fast/${name}`, cells(shape), known.scale, known.offset);
      return [[form.name, floats("float32", form.axes, form.shape, values)]];
    }),
  );
}

/** No token is 0, whose row their tables never learn. */
function ids(name: string, length: number, size: number): number[] {
  return Array.from(formulaIds(`pi05-fast/${name}`, b * length, size - 1), (id) => 1 + id);
}

const evenly = <A extends string>(axes: A, shape: readonly number[], total: number) =>
  floats("float32", axes, shape, Array<number>(cells(shape)).fill(1 / total));

/** A response begins with a token that nobody learns to say, as theirs does. */
function taughtTokens(): [string, HostArray<string, DataType>][] {
  const [said, answered] = [ids("said", actions, actionVocabulary), ids("response", responses, vocabulary)];
  const response = behind(texts["Response: "], answered, b);
  const first = Array<number>(given.response);
  const isAnswered = facts.responseReal.flatMap((bits) => [...first.fill(0), 0, ...bits.slice(1)]);
  const { next, teaches } = following(response, isAnswered);
  return [
    ["response", integers("b r", [b, r], response)],
    ["responseReal", bits("b r", [b, r], behind(first.fill(1), facts.responseReal.flat(), b))],
    ["nextResponseToken", integers("b n", [b, r], next)],
    [teachesInput(responseName), bits("b n", [b, r], teaches)],
    [weightsInput(responseName), evenly("b", [b], b * (responses - 1))],
    ...saidActions({ given: texts["Action: "], tokens: said, real: facts.actionReal }),
  ];
}

function batch(): Arrays {
  const value = (name: string) =>
    floats("float32", "b t d", [b, t, d], formulaValues(`pi05-fast/${name}`, b * t * d, 2, 0));
  const time = floats(
    "float32",
    "b t",
    [b, t],
    reference.time.flatMap((at) => Array<number>(t).fill(at)),
  );
  const [clean, noise] = [value("actions"), value("noise")];
  const noisy = noise.cells.map((cell, at) => {
    const when = time.cells[Math.floor(at / d)]!;
    return when * cell + (1 - when) * clean.cells[at]!;
  });
  const { picture } = reference.sizes.vision;
  const shape = [b, 1, v, picture, picture, 3];
  return new Map<string, HostArray<string, DataType>>([
    ["images", new HostArray("b o v h w c", shape, "uint8", formulaBytes("pi05-fast/images", cells(shape)))],
    ["prompt", integers("b n", [b, n], ids("prompt", n, vocabulary))],
    [flowInputs.actions, clean],
    [flowInputs.noise, noise],
    ["noisy", floats("float32", "b t d", [b, t, d], noisy)],
    [flowInputs.time, time],
    [flowInputs.timeEmbedding, embedTimes(time, timeEmbeddingOf(settingOf(true).form))],
    ["viewReal", bits("b o v", [b, 1, v], facts.viewReal.flat())],
    ["tokenReal", bits("b n", [b, n], facts.tokenReal.flat())],
    ["historyReal", everywhere("b o", [b, 1])],
    ["historyKept", everywhere("b", [b])],
    ["stepReal", everywhere("b t", [b, t])],
    ["dofReal", everywhere("b d", [b, d])],
    ["targetReal", everywhere("b", [b])],
    ["rowReal", everywhere("b", [b])],
    [teachesInput(velocityName), everywhere("b t d", [b, t, d])],
    [weightsInput(velocityName), evenly("b d", [b, d], b * t * d)],
    ...taughtTokens(),
  ]);
}

const share = (cells: readonly number[], part: number) => part * Math.max(...cells.map(Math.abs));
const because = "float32 through the layers there and here";

describe("π0.5 that says actions and a response beside its flow is OpenTau's, on samples of which each lacks other things", () => {
  const feeds = batch();

  it("in velocities", async () => {
    const { form, rules } = settingOf(true);
    const scope = Scope.root(rules);
    const perceived = perceive(scope, form, observationInputs(layout, rules, "uint8"));
    const found = velocity(scope, form, perceived, {
      noisy: input("noisy", "b t d", [b, t, d], "float32"),
      timeEmbedding: input(flowInputs.timeEmbedding, "b t e", [b, t, reference.sizes.expert.width], "float32"),
    });
    const { got } = await evaluate({ got: found }, { feeds, threads: 2, fixed: weightsOf(scope.parameters) });
    expectClose("velocity", got, apart.velocity, { absolute: share(apart.velocity, 3e-6), relative: 0, because });
  });

  it("in the errors of the flow, and in those of each token of its actions and of its response", async () => {
    const { loss, errors, parameters } = traceObjectives(settingOf(true));
    const outputs = { loss, ...errorOutputs({ errors }) };
    const found: Record<string, Float64Array> = await evaluate(outputs, {
      feeds,
      threads: 2,
      fixed: weightsOf(parameters),
    });
    const tolerance = { absolute: 3e-6, relative: 2e-6, because };
    const said = found[errorsOutput(tokensName)]!;
    expectClose("actions", columns(said, b, given.actions - 1, m - 1), apart.actionTokens, tolerance);
    const answered = found[errorsOutput(responseName)]!;
    expectClose("response", columns(answered, b, given.response, r - 1), apart.response, tolerance);
    // Nothing else teaches: what is given, what follows the last, and the token that begins a response.
    const rest = [...columns(said, b, 0, given.actions - 1), ...columns(answered, b, 0, given.response)];
    expect(
      [...rest, ...columns(said, b, m - 1, m), ...columns(answered, b, r - 1, r)].every((cell) => cell === 0),
    ).toBe(true);
    const squares = found[errorsOutput(velocityName)]!;
    expectClose("MSE", [squares.reduce((sum, cell) => sum + cell, 0) / squares.length], [apart.mse], tolerance);
    expectClose("loss", found.loss!, [apart.mse + apart.ce], tolerance);
  });

  it.each([
    ["learns nothing from the flow", true, apart.gradients],
    ["learns from the flow as well", false, joined.gradients],
  ] as const)("in the gradient of every parameter, where the backbone %s", async (_, insulated, expected) => {
    const objectives = traceObjectives(settingOf(insulated));
    const { parameters } = objectives;
    const outputs = gradientOutputs(objectives, parameters, "nothing");
    const found: Record<string, Float64Array> = await evaluate(outputs, {
      feeds,
      threads: 2,
      fixed: weightsOf(parameters),
    });
    const tensors = foreignTensors(names, parameters);
    expect(tensors.map(({ name }) => name).sort()).toEqual(Object.keys(expected).sort());
    for (const { name, parameter } of tensors)
      expectGradient(name, found[`${gradientPrefix}${parameter}`]!, expected[name]!, 2e-5);
  });

  it("in what insulation takes from the backbone, and leaves the expert", () => {
    const differs = Object.keys(apart.gradients).filter((name) => {
      const [one, other] = [apart.gradients[name]!, joined.gradients[name]!];
      return Math.abs(one.dot - other.dot) > 1e-4 * other.norm;
    });
    expect(differs.length).toBeGreaterThan(20);
    expect(differs.filter((name) => /expert\.model|action_|time_mlp|da_head/.test(name))).toEqual([]);
  });
});
