import { input, nodesBefore, type SymbolicArray } from "../graph/array.ts";
import { gradient, gradientByBlocks } from "../graph/gradient.ts";
import { add } from "../graph/op/elementwise.ts";
import type { AnyArray } from "../graph/operation.ts";
import type { WeightAxes } from "../loss/reduction.ts";
import { weightedSum } from "../loss/weighted.ts";
import { type Parameter, Scope, type Watched } from "../nn/parameter.ts";
import { type Observation, observationInputs } from "../policy/inputs.ts";
import type { ObjectiveChoice } from "../policy/objective-choice.ts";
import { perceive } from "../policy/policy.ts";
import { actionTokenErrors, actionTokenFiles } from "./action-tokens.ts";
import type { BeforeChunk } from "./chunking.ts";
import { flowActions, flowActionsFile, flowErrors, flowFiles } from "./flow.ts";
import { promptErrors, promptFiles } from "./prompt.ts";
import { responseErrors, responseFiles } from "./response.ts";
import { type AnswerManner, answerErrors, answerFiles, sayAnswer, settingOfSaying } from "./tokens.ts";
import { errorsOutput, type Setting, type TracedErrors, type TracedPolicy, weightsInput } from "./traced.ts";

/** Traced objectives: what their programs compute, and the parameters that these read. */
export interface TracedObjectives {
  readonly parameters: readonly Parameter[];
  /** `[]`, the share of these rows in the loss of the global batch. */
  readonly loss: SymbolicArray<"">;
  readonly errors: readonly TracedErrors[];
  readonly watched: readonly Watched[];
}

/** Prefix of the outputs that hold gradients. */
export const gradientPrefix = "gradient.";

/** The loss of a policy: every term of each of its objectives. */
export function traceObjectives(setting: Setting): TracedObjectives {
  const scope = scopeOf(setting);
  return objectivesPerceived(scope, setting, tracePolicy(scope, setting));
}

/** The same of a policy whose observation was perceived otherwise: by features that are given. */
export function objectivesPerceived(scope: Scope, setting: Setting, policy: TracedPolicy): TracedObjectives {
  const errors = setting.form.variant.objectives.map((objective) => errorsOf(objective, scope, setting, policy));
  const shares = errors.map(({ name, sums }) => weightedSum(sums, weightsOf(name, sums)));
  const loss = shares.reduce((sum, share) => add(sum, share));
  return { parameters: readBy([loss], scope), loss, errors, watched: scope.watched };
}

function scopeOf({ form, rules, hidden, trains }: Setting): Scope {
  const plain = hidden === "plain" ? Scope.root(rules) : Scope.poisonable(rules);
  return plain.withAdapters(form.adapters).withTrained(trains ?? null);
}

function tracePolicy(scope: Scope, { form, layout, rules, pictures }: Setting): TracedPolicy {
  const observation = observationInputs(layout, rules, pictures);
  return { observation, perceived: perceive(scope, form, observation) };
}

function errorsOf(choice: ObjectiveChoice, scope: Scope, setting: Setting, policy: TracedPolicy): TracedErrors {
  switch (choice.kind) {
    case "flow":
      return flowErrors(scope, setting, policy, choice);
    case "prompt":
      return promptErrors(scope, setting, policy);
    case "tokens":
      return answerErrors(scope, setting, policy, choice);
    case "action tokens":
      return actionTokenErrors(scope, setting, policy);
    case "response":
      return responseErrors(scope, setting, policy, choice);
  }
}

function weightsOf(name: string, { axes, shape }: SymbolicArray<WeightAxes>): SymbolicArray<WeightAxes> {
  return input(weightsInput(name), axes, shape, "float32");
}

/** What the gradient program computes twice, so as not to keep it: nothing, or what is inside its layers. */
export const recomputes = ["nothing", "blocks"] as const;

export type Recompute = (typeof recomputes)[number];

/** Errors, summed, and the gradient of each parameter: the outputs of the gradient program. */
export function gradientOutputs(
  { loss, errors }: TracedObjectives,
  trained: readonly Parameter[],
  recompute: Recompute,
): Record<string, AnyArray> {
  const differentiate = recompute === "blocks" ? gradientByBlocks : gradient;
  const gradients = differentiate(
    loss,
    trained.map(({ array }) => array),
  );
  const named = trained.map(({ name }, at): [string, AnyArray] => [`${gradientPrefix}${name}`, gradients[at]!]);
  const sums = errors.map(({ name, sums }): [string, AnyArray] => [errorsOutput(name), sums]);
  return Object.fromEntries([...sums, ...named]);
}

/**
 * Names of the parameters of which no gradient rule reads one: nothing that trains leads to what is computed of them and of something else.
 *
 * What is made of weights alone, such as a matrix under other axes, counts as the weights.
 */
export function parametersWithoutGradient(
  { loss, parameters }: Pick<TracedObjectives, "loss" | "parameters">,
  trained: readonly Parameter[],
): ReadonlySet<string> {
  const learnt = new Set(trained.map(({ array }) => array.node));
  const frozen = parameters.filter(({ array }) => !learnt.has(array.node));
  const weights = new Map(frozen.map(({ name, array }) => [array.node, new Set([name])]));
  const still = new Set(frozen.map(({ name }) => name));
  for (const node of nodesBefore([loss])) {
    const inputs = node.inputs.map((input) => input.node);
    if (inputs.length === 0) continue;
    const read = inputs.flatMap((input) => [...(weights.get(input) ?? [])]);
    if (inputs.every((input) => weights.has(input))) weights.set(node, new Set(read));
    else if (inputs.some((input) => learnt.has(input))) {
      learnt.add(node);
      for (const name of read) still.delete(name);
    }
  }
  return still;
}

/** Errors by cell: the outputs of the validation program. */
export function errorOutputs({ errors }: Pick<TracedObjectives, "errors">): Record<string, AnyArray> {
  return Object.fromEntries(errors.map(({ name, cells }) => [errorsOutput(name), cells]));
}

/** Files in which an objective's arrays and actions are made, for the places that an audit names. */
export interface ObjectiveFiles {
  /** By the name of a watched array or of an input. */
  readonly arrays: Readonly<Record<string, string>>;
  /** `null` where the objective makes no actions. */
  readonly actions: string | null;
}

export function filesOf(choice: ObjectiveChoice): ObjectiveFiles {
  switch (choice.kind) {
    case "flow":
      return { arrays: flowFiles, actions: flowActionsFile };
    case "prompt":
      return { arrays: promptFiles, actions: null };
    case "tokens":
      return { arrays: answerFiles, actions: "objective/tokens.ts" };
    case "action tokens":
      return { arrays: actionTokenFiles, actions: null };
    case "response":
      return { arrays: responseFiles, actions: null };
  }
}

/** Actions, and the parameters that they are a function of. */
export interface TracedActions {
  readonly parameters: readonly Parameter[];
  readonly actions: SymbolicArray<"b t d">;
}

/**
 * Actions as they arise from the policy's objectives: the outputs of the sampling program.
 *
 * @throws RangeError where no objective of the policy makes actions
 */
export function traceActions(setting: Setting): TracedActions {
  const scope = scopeOf(setting);
  return actionsPerceived(scope, setting, tracePolicy(scope, setting));
}

/**
 * The same from an observation that is no batch's.
 *
 * @param before what chunks go on from, with `setting.chunking`
 * @throws RangeError as `traceActions`
 */
export function observedActions(
  setting: Setting,
  observation: Observation,
  before: BeforeChunk | undefined,
): TracedActions {
  const scope = scopeOf(setting);
  const perceived = perceive(scope, setting.form, observation);
  return actionsPerceived(scope, setting, { observation, perceived, before });
}

/** The same of a policy whose observation was perceived otherwise. @throws RangeError as `traceActions` */
export function actionsPerceived(scope: Scope, setting: Setting, policy: TracedPolicy): TracedActions {
  const actions = setting.form.variant.objectives.flatMap(
    (choice) => actionsOf(choice, scope, setting, policy) ?? [],
  )[0];
  if (actions === undefined) throw new RangeError("traceActions: expected an objective that makes actions, got none");
  return { parameters: readBy([actions], scope), actions };
}

/** An answer, and the parameters that it is a function of. */
export interface TracedAnswer {
  readonly parameters: readonly Parameter[];
  /** Tokens behind the one that begins. */
  readonly answer: SymbolicArray<"b n", "int32">;
}

/**
 * An answer as it arises from the policy's objectives: the output of the sampling program.
 *
 * @throws RangeError where no objective of the policy says actions
 */
export function saidAnswer(setting: Setting, manner: AnswerManner): TracedAnswer {
  const choice = setting.form.variant.objectives.find((objective) => objective.kind === "tokens");
  if (choice === undefined) throw new RangeError("saidAnswer: expected an objective that says actions, got none");
  const own = settingOfSaying(setting, manner);
  const scope = scopeOf(own);
  const answer = sayAnswer(scope, own, tracePolicy(scope, own), { ...manner, choice });
  return { parameters: readBy([answer], scope), answer };
}

/** `null` where the objective makes none. */
function actionsOf(choice: ObjectiveChoice, scope: Scope, setting: Setting, policy: TracedPolicy) {
  switch (choice.kind) {
    case "flow":
      return flowActions(scope, setting, policy, choice);
    case "prompt":
    case "tokens":
    case "action tokens":
    case "response":
      return null;
  }
}

/**
 * Every parameter that a policy has: also those that no result depends on, as its files hold them.
 *
 * In the order in which they are asked for: of its objectives, then of its actions.
 */
export function everyParameter(setting: Setting): Parameter[] {
  const scope = scopeOf(setting);
  const policy = tracePolicy(scope, setting);
  for (const choice of setting.form.variant.objectives) errorsOf(choice, scope, setting, policy);
  return [...scope.parameters];
}

/** The parameters that results depend on: nobody reads the backbone's last feed-forward where only its keys go on. */
function readBy(results: readonly AnyArray[], scope: Scope): Parameter[] {
  const nodes = new Set(nodesBefore(results));
  return scope.parameters.filter(({ array }) => nodes.has(array.node));
}
