import { readForeignWeights } from "../../src/checkpoint/import/foreign.ts";
import type { ForeignPolicy } from "../../src/checkpoint/import/imported.ts";
import { type ForeignNames, foreignTensors } from "../../src/checkpoint/import/names.ts";
import type { TensorSource } from "../../src/checkpoint/import/tensor-source.ts";
import { embedTimes } from "../../src/flow/time.ts";
import { input, type SymbolicArray } from "../../src/graph/array.ts";
import { type Arrays, type DataType, HostArray } from "../../src/graph/host-array.ts";
import type { AnyArray } from "../../src/graph/operation.ts";
import { evaluate } from "../../src/graph/testing/evaluate.ts";
import { Scope } from "../../src/nn/parameter.ts";
import { flowInputs, velocityName } from "../../src/objective/flow.ts";
import { gradientOutputs, gradientPrefix, traceActions, traceObjectives } from "../../src/objective/objective.ts";
import { type Setting, teachesInput, weightsInput } from "../../src/objective/traced.ts";
import { observationInputs } from "../../src/policy/inputs.ts";
import { perceive, policyForm, timeEmbeddingOf, velocity } from "../../src/policy/policy.ts";
import { sizeBeforeHead, variantOf } from "../../src/policy/variant.ts";
import { Rules } from "../../src/validity/rules.ts";
import type { ReferenceCase } from "./case.ts";
import { type Compared, compare } from "./compare.ts";

/** What numbers may be apart, as shares of the largest cell: velocities and logits, chunks after all steps, losses, gradients. */
export const tolerances = { velocity: 1e-4, chunk: 1e-3, loss: 1e-5, gradient: 1e-3 } as const;

/** What the origin computed, and what it calls the parameters: the same weights may stand under other names in the folder. */
interface FlowCase {
  readonly reference: ReferenceCase;
  readonly names: ForeignNames;
}

/**
 * Velocities, losses, gradients and sampled chunks of a policy with a flow, against those that its origin computed.
 *
 * Absent dims are dofs here, and steps past the end exist: as their origin computes, and as its numbers say.
 */
export async function compareFlow(
  source: TensorSource,
  policy: ForeignPolicy,
  { reference, names }: FlowCase,
): Promise<Compared[]> {
  const setting = settingOf(policy, reference);
  const objectives = traceObjectives(setting);
  const sampling = traceActions(setting);
  const at = velocityAt(setting);
  const forms = [...objectives.parameters, ...sampling.parameters.filter(({ name }) => isNew(objectives, name))];
  const weights = await readForeignWeights(source, policy.names, forms);
  const fixed = { threads: 2, fixed: weights };
  const feeds = feedsOf(setting, reference);
  const outputs = { ...gradientOutputs(objectives, objectives.parameters, "nothing"), loss: objectives.loss };
  const all: Record<string, AnyArray> = { ...outputs, cells: objectives.errors[0]!.cells, velocity: at };
  const found: Readonly<Record<string, Float64Array>> = await evaluate(all, { feeds, ...fixed });
  const first = new Map([...feeds, [flowInputs.noise, floats(reference, "in.first_noise", "b t d")] as const]);
  const { actions } = await evaluate({ actions: sampling.actions }, { feeds: first, ...fixed });
  const against = (name: string, got: Float64Array | undefined, allowed: number) =>
    compare(name, got ?? [], reference.numbers(name), allowed);
  const teaches = feeds.get(teachesInput(velocityName))!.cells;
  const taught = (cells: Float64Array = new Float64Array()) => cells.filter((_, at) => teaches[at] === 1);
  const gradients = foreignTensors(names, objectives.parameters).flatMap(({ parameter, name }) =>
    reference.has(`grad.${name}`)
      ? [against(`grad.${name}`, found[`${gradientPrefix}${parameter}`], tolerances.gradient)]
      : [],
  );
  return [
    against("out.velocity", found.velocity, tolerances.velocity),
    compare("out.loss", taught(found.cells), taught(reference.numbers("out.loss")), tolerances.velocity),
    against("out.objective", found.loss, tolerances.loss),
    against("out.sampled", actions, tolerances.chunk),
    ...gradients,
  ];
}

function isNew({ parameters }: { readonly parameters: readonly { readonly name: string }[] }, name: string): boolean {
  return parameters.every((parameter) => parameter.name !== name);
}

export function settingOf(policy: ForeignPolicy, reference: ReferenceCase): Setting {
  const { conventions, size, horizon, actionWidth, stateWidth } = policy;
  // Files of openpi say nothing of steps.
  const variant = variantOf({ ...policy, integrationSteps: policy.integrationSteps ?? reference.steps ?? undefined });
  const [rows = 0, tokens = 0] = reference.shape("in.tokens");
  const form = policyForm(variant, size, {
    vocabulary: policy.vocabulary,
    parts: [{ name: "velocity", slots: [...Array(actionWidth).keys()] }],
    embodiments: 1,
    crossAttentionKeys: conventions.crossAttentionKeys,
    horizon,
    actionSight: conventions.actionSight,
    pastEnd: conventions.pastEnd,
  });
  const pictureSize = sizeBeforeHead(variant, size).vision.picture;
  const widths = { steps: horizon, actionWidth, stateWidth, views: reference.cameras.length, observations: 1 };
  const layout = { rows, tokens, responseTokens: 0, actionTokens: 0, pictureSize, ...widths };
  return { form, layout, unrealInput: "noise", rules: Rules.all, hidden: "plain", pictures: "float32" };
}

/** The velocity at the point between noise and actions, `[b t d]`. */
function velocityAt({ form, layout, rules, pictures }: Setting): SymbolicArray<"b t d"> {
  const { rows, steps, actionWidth } = layout;
  const scope = Scope.root(rules);
  const perceived = perceive(scope, form, observationInputs(layout, rules, pictures));
  const { kind: _, ...widths } = timeEmbeddingOf(form);
  const width = Object.values(widths).reduce((sum, part) => sum + part, 0);
  return velocity(scope, form, perceived, {
    noisy: input("noisy", "b t d", [rows, steps, actionWidth], "float32"),
    timeEmbedding: input(flowInputs.timeEmbedding, "b t e", [rows, steps, width], "float32"),
  });
}

export function feedsOf({ form, layout }: Setting, reference: ReferenceCase): Arrays {
  const { rows: b, steps: t, actionWidth: d, stateWidth: s, views: v, tokens: n } = layout;
  const time = new HostArray(
    "b t",
    [b, t],
    "float32",
    Float32Array.from([...reference.numbers("in.time")].flatMap((cell) => Array<number>(t).fill(cell))),
  );
  const state = reference.has("in.state") ? reference.numbers("in.state") : new Float64Array(b * s);
  return new Map<string, HostArray<string, DataType>>([
    ["images", pictures(layout, reference)],
    ["prompt", new HostArray("b n", [b, n], "int32", Int32Array.from(reference.numbers("in.tokens")))],
    ["state", new HostArray("b o s", [b, 1, s], "float32", Float32Array.from(state))],
    ["embodiment", new HostArray("b", [b], "int32", new Int32Array(b))],
    [flowInputs.actions, floats(reference, "in.actions", "b t d")],
    [flowInputs.noise, floats(reference, "in.noise", "b t d")],
    ["noisy", floats(reference, "out.x_t", "b t d")],
    [flowInputs.time, time],
    [flowInputs.timeEmbedding, embedTimes(time, timeEmbeddingOf(form))],
    ["stepReal", everywhere("b t", [b, t])],
    ["dofReal", everywhere("b d", [b, d])],
    ["stateReal", everywhere("b s", [b, s])],
    ["targetReal", everywhere("b", [b])],
    ["viewReal", viewReal(b, v, reference)],
    ["tokenReal", new HostArray("b n", [b, n], "bool", Uint8Array.from(reference.numbers("in.tokens_mask")))],
    ["rowReal", everywhere("b", [b])],
    ["historyReal", everywhere("b o", [b, 1])],
    ["historyKept", everywhere("b", [b])],
    ...teaching(layout, reference),
  ]);
}

/** Which cells teach, and what they weigh in the mean that the origin takes: of the dofs that its robot has, in steps that it counts. */
function teaching({ rows: b, steps: t, actionWidth: d }: Setting["layout"], reference: ReferenceCase) {
  const isPad = reference.has("in.action_is_pad") ? reference.numbers("in.action_is_pad") : new Float64Array(b * t);
  const width = reference.shape("raw.actions")[2] ?? d;
  const counted = isPad.reduce((count, pad) => count + (pad === 0 ? width : 0), 0);
  const teaches = Uint8Array.from({ length: b * t * d }, (_, at) => (isPad[Math.floor(at / d)] === 0 ? 1 : 0));
  const weights = Float32Array.from({ length: b * d }, (_, at) => (at % d < width ? 1 / counted : 0));
  return [
    [teachesInput(velocityName), new HostArray("b t d", [b, t, d], "bool", teaches)],
    [weightsInput(velocityName), new HostArray("b d", [b, d], "float32", weights)],
  ] as const;
}

/** Pictures `[b c h w]` in [−1, 1] of each camera, as ours: `[b o v h w c]`, 0 to 255. */
export function pictures({ rows: b, views: v, pictureSize: p }: Setting["layout"], reference: ReferenceCase) {
  const cells = new Float32Array(b * v * p * p * 3);
  for (const [view, camera] of reference.cameras.entries()) {
    const given = reference.numbers(`in.image.${camera}`);
    for (let row = 0; row < b; row++)
      for (let channel = 0; channel < 3; channel++)
        for (let at = 0; at < p * p; at++)
          cells[((row * v + view) * p * p + at) * 3 + channel] = (given[(row * 3 + channel) * p * p + at]! + 1) * 127.5;
  }
  return new HostArray("b o v h w c", [b, 1, v, p, p, 3], "float32", cells);
}

export function viewReal(b: number, v: number, reference: ReferenceCase) {
  const masks = reference.cameras.map((camera) => reference.numbers(`in.image_mask.${camera}`));
  const bits = Uint8Array.from({ length: b * v }, (_, at) => masks[at % v]![Math.floor(at / v)]!);
  return new HostArray("b o v", [b, 1, v], "bool", bits);
}

function floats<A extends string>(reference: ReferenceCase, name: string, axes: A) {
  return new HostArray(axes, reference.shape(name), "float32", Float32Array.from(reference.numbers(name)));
}

export function everywhere<A extends string>(axes: A, shape: readonly number[]) {
  const count = shape.reduce((product, size) => product * size, 1);
  return new HostArray(axes, shape, "bool", new Uint8Array(count).fill(1));
}
