import type { BatchLayout } from "../batch/layout.ts";
import { integrate } from "../flow/integrate.ts";
import { type FlowConvention, flowPoint, type UnrealInput } from "../flow/path.ts";
import { type AnyArray, input, nodesBefore, type SymbolicArray } from "../graph/array.ts";
import { gradient } from "../graph/gradient.ts";
import { sum } from "../graph/op/align.ts";
import { velocityErrors, velocityLoss } from "../loss/velocity.ts";
import { type Parameter, Scope, type Watched } from "../nn/parameter.ts";
import { timeWidth } from "../policy/head/form.ts";
import { actionCells, observationInputs } from "../policy/inputs.ts";
import { flowChoiceOf, type PolicyForm, perceive, timeEmbeddingOf, velocity } from "../policy/policy.ts";
import type { Rules } from "../validity/rules.ts";
import { SymbolicSupervised } from "../validity/supervised.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";

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
export function traceObjective(setting: Setting): Objective {
  return traceObjectiveIn(Scope.root(setting.rules), setting);
}

/** The same in a scope that the audit has made poisonable. */
export function traceObjectiveIn(scope: Scope, setting: Setting): Objective {
  const { form, layout, rules } = setting;
  const { rows: b, steps: t, actionWidth: d } = layout;
  const observation = observationInputs(layout, rules);
  const cellReal = actionCells(layout, observation.facts, form.head.pastEnd);
  const padded = (name: string) => SymbolicPadded.of(input(name, "b t d", [b, t, d], "float32"), cellReal);
  const time = input(flowInputs.time, "b t", [b, t], "float32");
  const point = flowPoint(padded(flowInputs.actions), padded(flowInputs.noise), time, conventionOf(setting));
  const noisy = scope.watch("flow.noisy", point.noisy, cellReal);
  const perceived = perceive(scope, form, observation);
  const width = timeWidth(timeEmbeddingOf(form));
  const timeEmbedding = input(flowInputs.timeEmbedding, "b t e", [b, t, width], "float32");
  const predicted = scope.hidden(velocity(scope, form, perceived, { noisy, timeEmbedding }), cellReal);
  const supervised = SymbolicSupervised.input(flowInputs.supervised, "b t d", [b, t, d]);
  const everywhere = SymbolicValidity.complete("b t d", [b, t, d]);
  const target = scope.watch("flow.velocity", point.velocity, cellReal);
  const errors = scope.watch("loss.errors", velocityErrors(predicted, target, supervised), everywhere);
  const loss = velocityLoss(errors, input(flowInputs.cellWeights, "b d", [b, d], "float32"));
  return { parameters: readBy(loss, scope), loss, errors, watched: scope.watched };
}

/** Name of the output that holds the squared errors of each row and slot, summed over the steps. */
export const errorOutput = "errors";

/** Errors by row and slot, and the gradient of each parameter: the outputs of the gradient program. */
export function gradientOutputs({ loss, errors }: Objective, trained: readonly Parameter[]): Record<string, AnyArray> {
  const gradients = gradient(
    loss,
    trained.map(({ array }) => array),
  );
  const named = trained.map(({ name }, at): [string, AnyArray] => [`${gradientPrefix}${name}`, gradients[at]!]);
  return { [errorOutput]: sum(errors, "b d"), ...Object.fromEntries(named) };
}

/** Actions at the end of the flow, and the parameters that they are a function of. */
export interface TracedActions {
  readonly parameters: readonly Parameter[];
  readonly actions: SymbolicArray<"b t d">;
}

/** Actions at the end of the flow: the outputs of the sampling program. */
export function traceActions(setting: Setting): TracedActions {
  return traceActionsIn(Scope.root(setting.rules), setting);
}

/** The same in a scope that the audit has made poisonable. */
export function traceActionsIn(scope: Scope, setting: Setting): TracedActions {
  const { form, layout, rules } = setting;
  const { rows: b, steps: t, actionWidth: d } = layout;
  const observation = observationInputs(layout, rules);
  const cellReal = actionCells(layout, observation.facts, form.head.pastEnd);
  const noise = SymbolicPadded.of(input(flowInputs.noise, "b t d", [b, t, d], "float32"), cellReal);
  const perceived = perceive(scope, form, observation);
  const actions = integrate(noise, (at) => scope.hidden(velocity(scope, form, perceived, at), cellReal), {
    ...conventionOf(setting),
    steps: flowChoiceOf(form).integrationSteps,
    embedding: timeEmbeddingOf(form),
  });
  return { parameters: readBy(actions, scope), actions };
}

function conventionOf({ form, unrealInput, rules }: Setting): FlowConvention {
  return { timeDirection: flowChoiceOf(form).timeDirection, unrealInput, rules };
}

/** The parameters that a result depends on: nobody reads the backbone's last feed-forward, since only keys go on. */
function readBy(result: AnyArray, scope: Scope): Parameter[] {
  const nodes = new Set(nodesBefore([result]));
  return scope.parameters.filter(({ array }) => nodes.has(array.node));
}
