import { readForeignWeights } from "../../src/checkpoint/import/foreign.ts";
import type { ForeignHead } from "../../src/checkpoint/import/imported.ts";
import { foreignTensors } from "../../src/checkpoint/import/names.ts";
import { rearrange } from "../../src/checkpoint/import/rearrange.ts";
import type { TensorSource } from "../../src/checkpoint/import/tensor-source.ts";
import { embedTimes, timeWidth } from "../../src/flow/time.ts";
import { input } from "../../src/graph/array.ts";
import { type Arrays, type DataType, HostArray } from "../../src/graph/host-array.ts";
import type { AnyArray } from "../../src/graph/operation.ts";
import { evaluate } from "../../src/graph/testing/evaluate.ts";
import { Scope } from "../../src/nn/parameter.ts";
import { flowInputs, velocityName } from "../../src/objective/flow.ts";
import {
  actionsPerceived,
  gradientOutputs,
  gradientPrefix,
  objectivesPerceived,
} from "../../src/objective/objective.ts";
import { type Setting, teachesInput, weightsInput } from "../../src/objective/traced.ts";
import { policyForm, timeEmbeddingOf, velocity } from "../../src/policy/policy.ts";
import { sizeBeforeHead, type Variant, variants } from "../../src/policy/variant.ts";
import { Rules } from "../../src/validity/rules.ts";
import type { ReferenceCase } from "./case.ts";
import { type Compared, compare } from "./compare.ts";
import { tolerances } from "./flow-case.ts";
import { featureFeeds, featuresOf, policyOverFeatures } from "./given-features.ts";

/**
 * Velocities, losses, gradients and sampled chunks of GR00T's action head over features that its origin's backbone gave, against those
 * that its origin computed.
 *
 * Absent dims are dofs here, and steps past the end exist: as their origin computes, and as its numbers say.
 */
export async function compareGroot(
  source: TensorSource,
  head: ForeignHead,
  reference: ReferenceCase,
): Promise<Compared[]> {
  const setting = headSettingOf(head, reference);
  const scope = Scope.root(setting.rules);
  const policy = policyOverFeatures(scope, setting, featuresOf(reference));
  const objectives = objectivesPerceived(scope, setting, policy);
  const at = velocity(scope, setting.form, policy.perceived, pointInputs(setting));
  const { actions } = actionsPerceived(scope, setting, policy);
  const weights = await readForeignWeights(source, head.names, objectives.parameters);
  const run = { threads: 2, fixed: weights };
  const feeds = headFeedsOf(setting, reference);
  const outputs: Record<string, AnyArray> = gradientOutputs(objectives, objectives.parameters, "nothing");
  const all = { ...outputs, loss: objectives.loss, cells: objectives.errors[0]!.cells, velocity: at };
  const found: Readonly<Record<string, Float64Array>> = await evaluate(all, { feeds, ...run });
  const first = new Map([...feeds, [flowInputs.noise, floats(reference, "in.first_noise", "b t d")] as const]);
  const sampled = await evaluate({ actions }, { feeds: first, ...run });
  const mask = reference.numbers("in.action_mask");
  const losses = reference.numbers("out.loss").map((cell, cellAt) => cell * mask[cellAt]!);
  return [
    compare("out.velocity", found.velocity ?? [], reference.numbers("out.velocity"), tolerances.velocity),
    compare("out.loss", found.cells ?? [], losses, tolerances.velocity),
    compare("out.objective", found.loss ?? [], reference.numbers("out.objective"), tolerances.loss),
    compare("out.sampled", sampled.actions, reference.numbers("out.sampled"), tolerances.chunk),
    ...gradientsOf(head, objectives.parameters, found, reference),
  ];
}

function gradientsOf(
  { names }: ForeignHead,
  forms: Parameters<typeof foreignTensors>[1],
  found: Readonly<Record<string, Float64Array>>,
  reference: ReferenceCase,
): Compared[] {
  return foreignTensors(names, forms).flatMap(({ parameter, name, axes }, at) => {
    // The case names the head's own parameters, whichever module its file has them in.
    const wanted = `grad.${name.slice(name.indexOf("action_head."))}`;
    if (!reference.has(wanted)) return [];
    const own = Float32Array.from(found[`${gradientPrefix}${parameter}`] ?? []);
    const theirs = axes === forms[at]!.axes ? own : rearrange(own, forms[at]!.shape, forms[at]!.axes, axes);
    return [compare(wanted, theirs, reference.numbers(wanted), tolerances.gradient)];
  });
}

export function headSettingOf(head: ForeignHead, reference: ReferenceCase): Setting {
  const { conventions, size, horizon, actionWidth, stateWidth } = head;
  const row: Variant = variants[head.variant];
  const objectives = row.objectives.map((objective) =>
    objective.kind === "flow"
      ? { ...objective, integrationSteps: reference.steps ?? objective.integrationSteps }
      : objective,
  );
  const [rows = 0, observations = 0] = reference.shape("in.state");
  const form = policyForm({ ...row, objectives }, size, {
    vocabulary: head.vocabulary,
    parts: [],
    embodiments: head.embodiments,
    crossAttentionKeys: conventions.crossAttentionKeys,
    horizon,
    actionSight: conventions.actionSight,
    pastEnd: conventions.pastEnd,
  });
  const pictureSize = sizeBeforeHead(row, size).vision.picture;
  const layout = {
    rows,
    steps: horizon,
    actionWidth,
    stateWidth,
    views: 0,
    observations,
    tokens: 1,
    responseTokens: 0,
    actionTokens: 0,
    pictureSize,
  };
  return { form, layout, unrealInput: "noise", rules: Rules.all, hidden: "plain", pictures: "float32" };
}

/** The point between noise and actions that the case stands at. */
function pointInputs({ form, layout: { rows, steps, actionWidth } }: Setting) {
  const width = timeWidth(timeEmbeddingOf(form));
  return {
    noisy: input("noisy", "b t d", [rows, steps, actionWidth], "float32"),
    timeEmbedding: input(flowInputs.timeEmbedding, "b t e", [rows, steps, width], "float32"),
  };
}

export function headFeedsOf({ form, layout }: Setting, reference: ReferenceCase): Arrays {
  const { rows: b, steps: t, actionWidth: d, stateWidth: s, observations: o } = layout;
  const times = [...reference.numbers("in.time")].flatMap((cell) => Array<number>(t).fill(cell));
  const time = new HostArray("b t", [b, t], "float32", Float32Array.from(times));
  const embodiment = Int32Array.from(reference.numbers("in.embodiment"));
  return new Map<string, HostArray<string, DataType>>([
    ["state", floats(reference, "in.state", "b o s")],
    ["embodiment", new HostArray("b", [b], "int32", embodiment)],
    [flowInputs.actions, floats(reference, "in.actions", "b t d")],
    [flowInputs.noise, floats(reference, "in.noise", "b t d")],
    ["noisy", floats(reference, "out.x_t", "b t d")],
    [flowInputs.time, time],
    [flowInputs.timeEmbedding, embedTimes(time, timeEmbeddingOf(form))],
    [flowInputs.stateKept, everywhere("b", [b])],
    ["stepReal", everywhere("b t", [b, t])],
    ["dofReal", everywhere("b d", [b, d])],
    ["stateReal", everywhere("b s", [b, s])],
    ["targetReal", everywhere("b", [b])],
    ["rowReal", everywhere("b", [b])],
    ["historyReal", everywhere("b o", [b, o])],
    ["historyKept", everywhere("b", [b])],
    ...featureFeeds(featuresOf(reference)),
    ...teaching(layout, reference),
  ]);
}

/** Which cells teach, and what each weighs in the mean that the origin takes over them. */
function teaching({ rows: b, steps: t, actionWidth: d }: Setting["layout"], reference: ReferenceCase) {
  const mask = reference.numbers("in.action_mask");
  const counted = mask.reduce((count, bit) => count + bit, 0);
  return [
    [teachesInput(velocityName), new HostArray("b t d", [b, t, d], "bool", Uint8Array.from(mask))],
    [weightsInput(velocityName), new HostArray("b d", [b, d], "float32", new Float32Array(b * d).fill(1 / counted))],
  ] as const;
}

function floats<A extends string>(reference: ReferenceCase, name: string, axes: A) {
  return new HostArray(axes, reference.shape(name), "float32", Float32Array.from(reference.numbers(name)));
}

function everywhere<A extends string>(axes: A, shape: readonly number[]) {
  const count = shape.reduce((product, size) => product * size, 1);
  return new HostArray(axes, shape, "bool", new Uint8Array(count).fill(1));
}
