import { layoutIn } from "../batch/shape.ts";
import { nodesBefore } from "../graph/array.ts";
import { cells } from "../graph/axes.ts";
import type { AnyArray, Node } from "../graph/operation.ts";
import type { ParameterForm } from "../nn/parameter.ts";
import { gradientOutputs, traceObjectives } from "../objective/objective.ts";
import { momentBytes } from "../optimizer/moment-form.ts";
import { groupLength, packedLength } from "../optimizer/packed-layout.ts";
import { shareOf } from "../ranks/deal.ts";
import { bytesOf } from "../ranks/link.ts";
import { joinLast } from "../ranks/tree.ts";
import type { World } from "../ranks/world.ts";
import { type Plan, settingOf } from "../recipe/plan.ts";
import { trainedBy } from "./begin.ts";
import { shapePlanOf } from "./shape-plan.ts";

/** Bytes that each rank of a run is expected to need at most, by what they are for. */
export interface MemoryPlan {
  readonly weights: number;
  readonly momentsAndAverages: number;
  readonly gradients: number;
  /** Arrays between the operators of a gradient program, where most of them live at a time. */
  readonly activations: number;
  /** The process itself, with what it has read and loaded before its first step. */
  readonly process: number;
  readonly total: number;
}

const bytesPerCell = Float32Array.BYTES_PER_ELEMENT;

/**
 * What training takes, counted before its first step.
 *
 * @param parameters of the policy
 * @param ranks  that divide moments and averages
 * @param process bytes of the process as it is
 */
export function memoryPlanOf(
  plan: Plan,
  parameters: readonly ParameterForm[],
  { ranks, process: begun }: { readonly ranks: number; readonly process: number },
): MemoryPlan {
  const { recipe } = plan;
  const trained = trainedBy(recipe, parameters);
  const cellsOf = (forms: readonly ParameterForm[]) => forms.reduce((sum, { shape }) => sum + cells(shape), 0);
  const length = packedLength(parameters.filter(({ name }) => trained.has(name)));
  const packed = bytesPerCell * length;
  const frozen = bytesPerCell * cellsOf(parameters.filter(({ name }) => !trained.has(name)));
  const { ema, moments: form = "float32" } = recipe.optimizer;
  // Every buffer has room for one group more, and moments in fewer bits have two groups in float32.
  const room = bytesPerCell * groupLength(length);
  const shareRoom = Math.min(room, packed / ranks);
  const moments = 2 * ((momentBytes[form] * length) / ranks + (form === "float32" ? 1 : 2) * shareRoom);
  const averages = ema === null ? 0 : packed / ranks + shareRoom;
  const microBatches = Math.ceil(recipe.batch.size / recipe.batch.microBatch);
  const parts = {
    weights: packed + room + frozen,
    momentsAndAverages: moments + averages,
    gradients: mostGradients(microBatches, ranks) * (packed + room),
    activations: activationsOf(plan, trained),
    process: begun,
  };
  return { ...parts, total: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0) };
}

/** Gradients in memory at a time, at the rank that has most: sums of subtrees, and the one under way. */
export function mostGradients(microBatches: number, ranks: number): number {
  const counts = Array.from({ length: ranks }, (_, rank) => {
    const { start, end } = shareOf(microBatches, { rank, size: ranks });
    const nodes: { start: number; end: number }[] = [];
    let most = 0;
    for (let at = start; at < end; at++) {
      most = Math.max(most, nodes.length + 1);
      joinLast(nodes, { start: at, end: at + 1 }, microBatches, () => {});
    }
    return most;
  });
  return Math.max(1, ...counts);
}

/** The most memory that each rank's process has had, in bytes, at every rank. */
export async function mostMemory(world: World): Promise<number[]> {
  const own = Float64Array.of(process.resourceUsage().maxRSS * kibibyte);
  return (await world.gather("memory", bytesOf(own))).map((bytes) => new Float64Array(bytes.buffer)[0]!);
}

const kibibyte = 1024;

/** Of the shape of micro-batches that takes most. */
function activationsOf(plan: Plan, trained: ReadonlySet<string>): number {
  const { batch } = plan.recipe;
  const setting = settingOf(plan, batch.microBatch);
  const trains = (name: string) => trained.has(name);
  const shapes = (batch.shapes ?? "one") === "one" ? [setting.layout] : shapePlanOf(plan).shapes;
  return Math.max(
    ...shapes.map((shape) => {
      const objectives = traceObjectives({ ...setting, layout: layoutIn(setting.layout, shape), trains });
      const own = objectives.parameters.filter(({ name }) => trains(name));
      return bytesPerCell * mostAlive(Object.values(gradientOutputs(objectives, own, batch.recompute ?? "nothing")));
    }),
  );
}

/** Cells of the arrays that live at a time, at most, where nodes are computed in the order in which they were made; results stand elsewhere. */
export function mostAlive(outputs: readonly AnyArray[]): number {
  const nodes = nodesBefore(outputs).filter(({ inputs }) => inputs.length > 0);
  const results = new Set(outputs.map(({ node }) => node));
  const lastUse = new Map<Node, Node>();
  for (const node of nodes) for (const { node: source } of node.inputs) lastUse.set(source, node);
  const ending = Map.groupBy(lastUse.keys(), (source) => lastUse.get(source)!);
  const sizeOf = (node: Node) =>
    node.inputs.length === 0 || results.has(node) ? 0 : node.forms.reduce((sum, { shape }) => sum + cells(shape), 0);
  let [alive, most] = [0, 0];
  for (const node of nodes) {
    alive += sizeOf(node);
    most = Math.max(most, alive);
    for (const source of ending.get(node) ?? []) alive -= sizeOf(source);
  }
  return most;
}
