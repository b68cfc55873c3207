import type { Batch } from "../batch/batch.ts";
import { integrate } from "../flow/integrate.ts";
import { fillNoise } from "../flow/noise.ts";
import { type FlowConvention, flowPoint } from "../flow/path.ts";
import { embedTimes, sampleTime, timeOfData, timeWidth } from "../flow/time.ts";
import { input, type SymbolicArray } from "../graph/array.ts";
import { type Arrays, type DataType, type HostArray, zeros } from "../graph/host-array.ts";
import { sum } from "../graph/op/align.ts";
import { velocityErrors } from "../loss/velocity.ts";
import type { Scope } from "../nn/parameter.ts";
import { actionCells } from "../policy/inputs.ts";
import type { FlowChoice } from "../policy/objective-choice.ts";
import { timeEmbeddingOf, velocity } from "../policy/policy.ts";
import { stateDropoutOf } from "../policy/variant.ts";
import { Supervised, SymbolicSupervised } from "../validity/supervised.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import { Validity } from "../validity/validity.ts";
import { beforeInputs, carriedBy } from "./chunking.ts";
import { askedSteps } from "./delay.ts";
import { keptStates } from "./state-dropout.ts";
import type { Draws, FlowTarget, TargetOptions } from "./target.ts";
import {
  errorsArray,
  type ObjectiveFeeds,
  type Setting,
  type TracedErrors,
  type TracedPolicy,
  teachesInput,
} from "./traced.ts";

/** Name of the errors: squared differences of velocities. */
export const velocityName = "velocity";

/** Names of the programs' inputs beside those of the observation. */
export const flowInputs = {
  actions: "actions",
  noise: "noise",
  time: "time",
  timeEmbedding: "timeEmbedding",
  /** Of a policy that does not always know the state. */
  stateKept: "stateKept",
} as const;

/** Files in which the arrays of a flow are made, by the names that an audit gives them. */
export const flowFiles: Readonly<Record<string, string>> = {
  [flowInputs.noise]: "flow/noise.ts",
  [flowInputs.time]: "flow/time.ts",
  [flowInputs.timeEmbedding]: "flow/time.ts",
  [flowInputs.stateKept]: "objective/state-dropout.ts",
  [teachesInput(velocityName)]: "validity/supervised.ts",
  "flow.noisy": "flow/path.ts",
  "flow.velocity": "flow/path.ts",
  [errorsArray(velocityName)]: "loss/velocity.ts",
};

/** The file in which a flow becomes actions. */
export const flowActionsFile = "flow/integrate.ts";

/**
 * Squared errors of the flow's velocity, `[b t d]`, at a point between actions and noise.
 *
 * @source openpi `pi0.py` `compute_loss`
 */
export function flowErrors(scope: Scope, setting: Setting, policy: TracedPolicy, choice: FlowChoice): TracedErrors {
  const { form, layout } = setting;
  const { rows: b, steps: t, actionWidth: d } = layout;
  const cellReal = actionCells(layout, policy.observation.facts, form.head.pastEnd);
  const padded = (name: string) => SymbolicPadded.of(input(name, "b t d", [b, t, d], "float32"), cellReal);
  const time = input(flowInputs.time, "b t", [b, t], "float32");
  const convention = conventionOf(setting, choice);
  const point = flowPoint(padded(flowInputs.actions), padded(flowInputs.noise), time, convention);
  const noisy = scope.watch("flow.noisy", point.noisy, cellReal);
  const width = timeWidth(timeEmbeddingOf(form));
  const timeEmbedding = input(flowInputs.timeEmbedding, "b t e", [b, t, width], "float32");
  const stateKept = stateDropoutOf(form.variant) > 0 ? input(flowInputs.stateKept, "b", [b], "bool") : null;
  const perceived = { ...policy.perceived, stateKept };
  const times = (choice.maxDelay ?? 0) > 0 ? "by step" : undefined;
  const predicted = scope.hidden(velocity(scope, form, perceived, { noisy, timeEmbedding, times }), cellReal);
  const supervised = SymbolicSupervised.input(teachesInput(velocityName), "b t d", [b, t, d]);
  const everywhere = SymbolicValidity.complete("b t d", [b, t, d]);
  const target = scope.watch("flow.velocity", point.velocity, cellReal);
  const cells = scope.watch(errorsArray(velocityName), velocityErrors(predicted, target, supervised), everywhere);
  return { name: velocityName, cells, sums: sum(cells, "b d") };
}

/** Actions at the end of the flow, `[b t d]`. */
export function flowActions(scope: Scope, setting: Setting, policy: TracedPolicy, choice: FlowChoice) {
  const { form, layout, chunking } = setting;
  const { rows: b, steps: t, actionWidth: d } = layout;
  const cellReal = actionCells(layout, policy.observation.facts, form.head.pastEnd);
  const noise = SymbolicPadded.of(input(flowInputs.noise, "b t d", [b, t, d], "float32"), cellReal);
  const actions: SymbolicArray<"b t d"> = integrate(
    noise,
    (at) => scope.hidden(velocity(scope, form, policy.perceived, at), cellReal),
    {
      ...conventionOf(setting, choice),
      steps: choice.integrationSteps,
      embedding: timeEmbeddingOf(form),
      carried: chunking && carriedBy(chunking, policy.before ?? beforeInputs(layout), cellReal),
    },
  );
  return actions;
}

function conventionOf({ unrealInput, rules }: Setting, { timeDirection }: FlowChoice): FlowConvention {
  return { timeDirection, unrealInput, rules };
}

/** Noise, times and supervision of one draw. */
export function flowFeeds(batch: Batch, options: TargetOptions, own: FlowTarget, draws: Draws): ObjectiveFeeds {
  const { facts, ownDof } = batch;
  const [rows = 0, steps = 0] = facts.stepReal.shape;
  const width = ownDof.shape[1] ?? 0;
  const noise = zeros("b t d", [rows, steps, width], "float32");
  const time = zeros("b t", [rows, steps], "float32");
  const stepAsked = askedSteps(batch, draws, own.maxDelay);
  for (let row = 0; row < rows; row++) {
    if (!facts.rowReal.isReal(row)) continue;
    const key = draws.key(row);
    const cells = noise.cells.subarray(row * steps * width, (row + 1) * steps * width);
    const dofs = ownDof.cells.subarray(row * width, (row + 1) * width);
    if (own.unrealInput === "noise")
      draws.stream("unreal noise", row).fillNormal(cells, key.frame, key.episode, key.draw);
    fillNoise(cells, dofs, { random: draws.stream("noise", row), key });
    const at = sampleTime(draws.stream("time", row), key, own);
    for (let step = 0; step < steps; step++)
      time.cells[row * steps + step] = stepAsked.isReal(row * steps + step) ? at : timeOfData(own.timeDirection);
  }
  const supervised = Supervised.byRule(
    options.supervision,
    { ...facts, dofMoves: dofMoves(batch, options), stepAsked },
    { rules: options.rules, stepsThatTeach: options.pastEnd === "taught" ? "all" : "real" },
  );
  const share = options.purpose === "training" ? own.stateDropout : 0;
  const feeds: Arrays = new Map<string, HostArray<string, DataType>>([
    [flowInputs.actions, batch.actions.read((values) => values)],
    [flowInputs.noise, noise],
    [flowInputs.time, time],
    [flowInputs.timeEmbedding, embedTimes(time, own.embedding)],
    [teachesInput(velocityName), supervised.toArray()],
    ...(own.stateDropout > 0 ? [[flowInputs.stateKept, keptStates(batch, draws, share)] as const] : []),
  ]);
  return { feeds, counts: { bySlot: Supervised.countBySlot(supervised), perSlot: steps } };
}

/** `[b d]`: the slot holds a dof of this robot that moves in training. */
function dofMoves({ ownDof, provenance }: Batch, { moves }: TargetOptions): Validity<"b d"> {
  const width = ownDof.shape[1] ?? 0;
  const bits = Uint8Array.from(ownDof.cells, (dof, at) => {
    const row = Math.floor(at / width);
    const where = { dataset: provenance.dataset[row]!, controlMode: provenance.controlMode[row]! };
    return dof >= 0 && moves(where, dof) ? 1 : 0;
  });
  return Validity.of("b d", ownDof.shape, bits);
}
