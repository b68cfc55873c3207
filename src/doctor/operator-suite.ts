import { computedSteadily, deviceTolerance, roundingShare } from "../graph/device-check.ts";
import { differenceIn, largestCell } from "../graph/difference.ts";
import { type Arrays, type DataType, type HostArray, zerosOfShape } from "../graph/host-array.ts";
import { GraphLowering } from "../graph/lowering.ts";
import type { OnnxGraph, OnnxValue } from "../graph/onnx.ts";
import type { AnyArray, Operators } from "../graph/operation.ts";
import { checkOperators, computeBy, resultsOf } from "../graph/operator-check.ts";
import { stream } from "../graph/random.ts";
import type { ProgramSession } from "../graph/runtime/session.ts";
import { gradientOutputs, traceActions, traceObjectives } from "../objective/objective.ts";
import { type VariantName, variants } from "../policy/variant.ts";
import { smallestSetting } from "../recipe/published-setting.ts";

/** Policies whose programs hold every operator that a program of any policy holds. */
export const suitePolicies = ["pi0", "pi05_mem_motion", "pi07_low_level_fast", "groot_n17"] as const;

/** What a device computes otherwise than the CPU does operator by operator. */
export interface SuiteFinding {
  readonly policy: VariantName;
  readonly program: "gradient" | "actions";
  /** An operator with the shapes that it was given, alone; or `null` where the whole program is wrong and no operator alone. */
  readonly operator: string | null;
  /** Largest difference in a cell, as a share of the largest cell; infinite where one is no number, or has other bits from time to time. */
  readonly difference: number;
}

export interface SuiteOutcome {
  readonly findings: readonly SuiteFinding[];
  /** Operators that were tried alone: each with shapes that stretch alike once. */
  readonly operators: number;
}

/** A device as it is examined. */
export interface ExaminedDevice {
  /** In which operators programs are written for it. */
  readonly operators: Operators;
  /** Opens a graph there. */
  readonly open: (graph: OnnxGraph) => ProgramSession;
}

/**
 * Computes small programs of policies on a device: each operator alone, from the CPU's own inputs, and the program as a whole, which the
 * runtime has fused and spread over threads: several times, as its bits are to be the same each time. All of it is held against the CPU's operators one after another, on one thread.
 *
 * @param policies whose programs are computed: `suitePolicies` have every operator
 * @param seen told how many policies are done, before each
 */
export async function operatorSuite(
  { operators, open }: ExaminedDevice,
  policies: readonly VariantName[],
  seen: (done: number, of: number) => void,
): Promise<SuiteOutcome> {
  const findings: SuiteFinding[] = [];
  const tried = new Set<string>();
  const compute = (graph: OnnxGraph, values: Arrays) => computeBy(open(graph), values);
  for (const [at, policy] of policies.entries()) {
    seen(at, policies.length);
    for (const [program, outputs] of programsOf(policy)) {
      const graph = new GraphLowering(new Map(), operators).graph(new Map(Object.entries(outputs)));
      const feeds = feedsOf(graph);
      const check = { threads: 1, above: deviceTolerance, compute, alike: "patterns", tried } as const;
      const { differing, results } = await checkOperators(graph, feeds, check);
      const alone = differing.map(({ operator, inputs, difference }) => {
        const shapes = inputs.map(({ shape }) => `[${shape.join(", ")}]`).join(" ");
        return { policy, program, operator: `${operator} of ${shapes}`, difference };
      });
      findings.push(...alone);
      // A program is as wrong as its operators.
      if (findings.some(({ operator }) => operator !== null)) continue;
      const difference = largestDifference(results, await steadyResults(open(graph), feeds));
      if (difference > deviceTolerance) findings.push({ policy, program, operator: null, difference });
    }
  }
  return { findings, operators: tried.size };
}

/** Results of a session that is run several times, and released. */
async function steadyResults(session: ProgramSession, feeds: Arrays): Promise<Arrays> {
  try {
    return await computedSteadily(() => resultsOf(session, feeds));
  } finally {
    session.release();
  }
}

/** What a step of training computes, and what an answer does. */
export function programsOf(policy: VariantName): [SuiteFinding["program"], Readonly<Record<string, AnyArray>>][] {
  const setting = smallestSetting(policy);
  const objectives = traceObjectives(setting);
  const gradient = gradientOutputs(objectives, objectives.parameters, "nothing");
  if (variants[policy].head === "none") return [["gradient", gradient]];
  const { actions } = traceActions(setting);
  return [
    ["gradient", gradient],
    ["actions", { actions }],
  ];
}

/**
 * Normal numbers that keep the size of what goes through matrices, tokens 0 and 1, and of what may exist two of three cells. Numbers from a
 * formula are too alike: gradients of attention are then differences of nearly equal numbers, which are rounding.
 */
export function feedsOf({ inputs }: OnnxGraph): Arrays {
  return new Map(inputs.map((value) => [value.name, feedOf(value)]));
}

function feedOf(value: OnnxValue): HostArray<string, DataType> {
  const array = zerosOfShape(value);
  const { shape } = array;
  const deviation = shape.length === 2 ? 1 / Math.sqrt(shape[0]!) : 0.5;
  if (array.cells instanceof Float32Array) {
    stream(1, "operator suite", value.name).fillNormal(array.cells, 0, 0, 0);
    for (let at = 0; at < array.cells.length; at++) array.cells[at]! *= deviation;
    return array;
  }
  for (let at = 0; at < array.cells.length; at++) {
    if (array.type === "bool") array.cells[at] = at % 3 === 2 ? 0 : 1;
    else if (array.type === "uint8") array.cells[at] = (31 * at) % 256;
    else if (array.type === "int32") array.cells[at] = at % 2;
  }
  return array;
}

function largestDifference(right: Arrays, found: Arrays): number {
  const floor = roundingShare * Math.max(...[...right.values()].map(largestCell));
  return Math.max(...[...right].map(([name, array]) => differenceIn(array, found.get(name)!, floor)));
}
