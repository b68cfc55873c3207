import type { SymbolicArray } from "../src/graph/array.ts";
import { gradient } from "../src/graph/gradient.ts";
import { type DataType, type HostArray, zeros } from "../src/graph/host-array.ts";
import type { OperatorTime } from "../src/graph/profile.ts";
import { type CompileOptions, Program } from "../src/graph/program.ts";
import { keepsArrays } from "../src/graph/runtime/device.ts";
import type { ProgramArray } from "../src/graph/runtime/value.ts";
import type { Parameter, ParameterValues } from "../src/nn/parameter.ts";
import { type AdamW, nextOf, normOutput, roles, stepRates, updateOutputs } from "../src/optimizer/adamw.ts";
import { Packed } from "../src/optimizer/packed.ts";
import type { PackedIn } from "../src/optimizer/packed-in.ts";
import { type StateIn, stateOf, type TrainingState } from "../src/optimizer/state.ts";
import { Updater } from "../src/optimizer/update.ts";
import { batchInputs, type Shape, traceTransformer } from "./transformer.ts";

/** Weights before the first step, and the one batch of all steps. */
export interface Start {
  readonly shape: Shape;
  readonly parameters: ParameterValues;
  readonly input: HostArray<"b n e">;
  readonly target: HostArray<"b n e">;
}

/** The training of one transformer, step by step. */
export interface Training {
  /** One step; the loss before it. */
  step(): Promise<number>;
  /** Time of the steps up to now by operator, of each program. */
  takeProfiles(): Readonly<Record<string, readonly OperatorTime[]>>;
  release(): void;
}

/** Those of `bench/pytorch_engine.py`; it does not clip, and neither does a limit that no norm exceeds. */
const optimizer: AdamW = {
  betas: [0.9, 0.95],
  epsilon: 1e-8,
  weightDecay: 0.01,
  clip: Number.POSITIVE_INFINITY,
  ema: null,
};
const learningRate = 1e-3;

type Machine = Omit<CompileOptions, "fixed">;
type Storage = HostArray<string, DataType>;

const lossOutput = "loss";

/** Two programs, as a run with micro-batches or ranks takes them: the gradient, then the update. */
export async function separateTraining(start: Start, machine: Machine): Promise<Training> {
  const state = stateOf(start.parameters, new Set(start.parameters.keys()), false);
  if (!keepsArrays(machine.device)) return await trainingAt(start, machine, { state, storage: Packed.zeros });
  const [{ OnDevice }, { DevicePacked }] = await Promise.all([
    import("../src/training/on-device.ts"),
    import("../src/optimizer/device-packed.ts"),
  ]);
  return await trainingAt(start, machine, { state: new OnDevice().taken(state), storage: DevicePacked.zeros });
}

/** Where weights and moments lie before the first step, and gradients. */
interface TrainingPlace<V, P> {
  readonly state: StateIn<V, P>;
  readonly storage: (forms: readonly Parameter[]) => P;
}

async function trainingAt<V extends ProgramArray, P extends PackedIn<V, P>>(
  start: Start,
  machine: Machine,
  place: TrainingPlace<V, P>,
): Promise<Training> {
  const { loss, parameters, gradients } = differentiated(start.shape);
  const outputs = Object.fromEntries(gradients.map((array, at) => [gradientName(parameters[at]!.name), array]));
  const program = await Program.compile({ [lossOutput]: loss, ...outputs }, { ...machine, fixed: new Map() });
  const updater = await Updater.compile(parameters, optimizer, { ...machine, precision: "float32" });
  const gradient = place.storage(parameters);
  const lossCell = zeros("", [], "float32");
  const fetches = new Map<string, ProgramArray>([[lossOutput, lossCell], ...renamed<V>(gradient, gradientName)]);
  let { state } = place;
  return {
    async step() {
      await program.run(new Map<string, ProgramArray>([...batchOf(start), ...state.parameters]), fetches);
      ({ state } = await updater.step<V, P, P>(state, gradient, learningRate));
      return lossCell.cells[0]!;
    },
    takeProfiles: () => ({ gradient: program.takeProfile(), update: updater.takeProfile() }),
    release() {
      program.release();
      updater.release();
    },
  };
}

/** One program for the whole step. */
export async function fusedTraining(start: Start, machine: Machine): Promise<Training> {
  const { loss, parameters, gradients } = differentiated(start.shape);
  const updated = parameters.map((parameter, at) => ({
    ...parameter,
    parameter: parameter.array,
    gradient: gradients[at]!,
  }));
  const outputs = { [lossOutput]: loss, ...updateOutputs(updated, optimizer) };
  const program = await Program.compile(outputs, { ...machine, fixed: new Map() });
  const [lossCell, norm] = [zeros("", [], "float32"), zeros("", [], "float32")];
  const states = [0, 1].map(() => stateOf(start.parameters, new Set(start.parameters.keys()), false));
  let done = 0;
  return {
    async step() {
      const [from, to] = [states[done % 2]!, states[(done + 1) % 2]!];
      const rates = stepRates(optimizer, [learningRate], done);
      await program.run(
        new Map<string, Storage>([...batchOf(start), ...rates, ...from.parameters, ...moments(from, (name) => name)]),
        new Map<string, Storage>([
          [lossOutput, lossCell],
          [normOutput, norm],
          ...renamed(to.parameters, (name) => nextOf(`${roles.parameter}${name}`)),
          ...moments(to, nextOf),
        ]),
      );
      done++;
      return lossCell.cells[0]!;
    },
    takeProfiles: () => ({ step: program.takeProfile() }),
    release: () => program.release(),
  };
}

function differentiated(shape: Shape): {
  readonly loss: SymbolicArray<"">;
  readonly parameters: readonly Parameter[];
  readonly gradients: readonly SymbolicArray<string>[];
} {
  const { loss, parameters } = traceTransformer(shape);
  return {
    loss,
    parameters,
    gradients: gradient(
      loss,
      parameters.map(({ array }) => array),
    ),
  };
}

function batchOf({ input, target }: Start): [string, Storage][] {
  return [
    [batchInputs.input, input],
    [batchInputs.target, target],
  ];
}

function moments({ first, second }: TrainingState, as: (name: string) => string): [string, Storage][] {
  return [
    ...renamed(first, (name) => as(`${roles.first}${name}`)),
    ...renamed(second, (name) => as(`${roles.second}${name}`)),
  ];
}

function renamed<V>(values: ReadonlyMap<string, V>, as: (name: string) => string): [string, V][] {
  return [...values].map(([name, array]) => [as(name), array]);
}

function gradientName(name: string): string {
  return `${roles.gradient}${name}`;
}
