import type { BatchLayout } from "../batch/layout.ts";
import { integrate } from "../flow/integrate.ts";
import { flowPoint, type UnrealInput } from "../flow/path.ts";
import { type AnyArray, input, nodesBefore, type SymbolicArray } from "../graph/array.ts";
import { gradient } from "../graph/gradient.ts";
import { sum } from "../graph/op/align.ts";
import { velocityErrors, velocityLoss } from "../loss/velocity.ts";
import { type Parameter, Scope, type Watched } from "../nn/parameter.ts";
import { actionCells, observationInputs } from "../policy/inputs.ts";
import { type PolicyForm, perceive, velocity } from "../policy/policy.ts";
import type { Rules } from "../validity/rules.ts";
import { SymbolicSupervised } from "../validity/supervised.ts";
import { SymbolicPadded } from "../validity/symbolic.ts";

/** A policy on batches of one layout, under the conventions that its weights have. */
export interface Setting {
  readonly form: PolicyForm;
  readonly layout: BatchLayout;
  readonly unrealInput: UnrealInput;
  readonly rules: Rules;
}

/** A traced objective: what its programs compute, and the parameters they read. */
export interface Objective {
  readonly parameters: readonly Parameter[];
  /** `[]`, the share of these rows in the loss of the global batch. */
  readonly loss: SymbolicArray<"">;
  /** `[b t d]`, squared error of the velocity, 0 where not supervised. */
  readonly errors: SymbolicArray<"b t d">;
  readonly watched: readonly Watched[];
}

/** Names of the programs' inputs beside those of the observation. */
export const flowInputs = {
  actions: "actions",
  noise: "noise",
  time: "time",
  timeEmbedding: "timeEmbedding",
  supervised: "supervised",
  cellWeights: "cellWeights",
} as const;

/** Prefix of the outputs that hold gradients. */
export const gradientPrefix = "gradient.";

/** The flow-matching loss of a policy. */
export function traceObjective({ form, layout, unrealInput, rules }: Setting): Objective {
  const scope = Scope.root(rules);
  const { rows: b, steps: t, actionWidth: d } = layout;
  const observation = observationInputs(layout, rules);
  const cellReal = actionCells(layout, observation.facts);
  const padded = (name: string) => SymbolicPadded.of(input(name, "b t d", [b, t, d], "float32"), cellReal);
  const time = input(flowInputs.time, "b t", [b, t], "float32");
  const point = flowPoint(padded(flowInputs.actions), padded(flowInputs.noise), time, { unrealInput, rules });
  const perceived = perceive(scope, form, observation);
  const timeEmbedding = input(flowInputs.timeEmbedding, "b t e", [b, t, form.size.expert.width], "float32");
  const predicted = velocity(scope, form, perceived, { noisy: point.noisy, timeEmbedding });
  const supervised = SymbolicSupervised.input(flowInputs.supervised, "b t d", [b, t, d]);
  const errors = velocityErrors(predicted, point.velocity, supervised);
  const loss = velocityLoss(errors, input(flowInputs.cellWeights, "b d", [b, d], "float32"));
  return { parameters: readBy(loss, scope), loss, errors, watched: scope.watched };
}

/** Name of the output that holds the squared errors of each row and slot, summed over the steps. */
export const errorOutput = "errors";

/** Loss, errors by row and slot, and the gradient of each parameter: the outputs of the gradient program. */
export function gradientOutputs({ loss, errors }: Objective, trained: readonly Parameter[]): Record<string, AnyArray> {
  const gradients = gradient(
    loss,
    trained.map(({ array }) => array),
  );
  const named = trained.map(({ name }, at): [string, AnyArray] => [`${gradientPrefix}${name}`, gradients[at]!]);
  return { loss, [errorOutput]: sum(errors, "b d"), ...Object.fromEntries(named) };
}

/** Actions at the end of the flow: the outputs of the sampling program. */
export function traceActions({ form, layout, unrealInput, rules }: Setting): {
  readonly parameters: readonly Parameter[];
  readonly actions: SymbolicArray<"b t d">;
} {
  const scope = Scope.root(rules);
  const { rows: b, steps: t, actionWidth: d } = layout;
  const observation = observationInputs(layout, rules);
  const noise = SymbolicPadded.of(
    input(flowInputs.noise, "b t d", [b, t, d], "float32"),
    actionCells(layout, observation.facts),
  );
  const perceived = perceive(scope, form, observation);
  const actions = integrate(noise, (at) => velocity(scope, form, perceived, at), {
    steps: form.variant.integrationSteps,
    timeWidth: form.size.expert.width,
    unrealInput,
    rules,
  });
  return { parameters: readBy(actions, scope), actions };
}

/** The parameters that a result depends on: nobody reads the backbone's last feed-forward, since only keys go on. */
function readBy(result: AnyArray, scope: Scope): Parameter[] {
  const nodes = new Set(nodesBefore([result]));
  return scope.parameters.filter(({ array }) => nodes.has(array.node));
}
