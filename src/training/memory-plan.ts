import type { PlacedRequest } from "../batch/shape.ts";
import { cells } from "../graph/axes.ts";
import { frameCount } from "../mixture/frames.ts";
import type { ParameterForm } from "../nn/parameter.ts";
import { momentBytes } from "../optimizer/moment-form.ts";
import { groupLength, packedLength } from "../optimizer/packed-layout.ts";
import { shareOf } from "../ranks/deal.ts";
import { bytesOf } from "../ranks/link.ts";
import { joinLast } from "../ranks/tree.ts";
import type { World } from "../ranks/world.ts";
import { layoutOf, type Plan } from "../recipe/plan.ts";
import { trainedBy } from "./begin.ts";
import { programMemoryOf, type RunRequests } from "./program-memory.ts";

/** Bytes that each rank of a run is expected to need at most, by what they are for. */
export interface MemoryPlan {
  readonly weights: number;
  readonly momentsAndAverages: number;
  readonly gradients: number;
  /** Arrays between the operators of programs, as the runtime takes memory for them. */
  readonly activations: number;
  /** The compiled programs themselves, and objects of JavaScript while one is written. */
  readonly programs: number;
  /** Pictures that will be kept. */
  readonly pictures: number;
  /** The process itself, with what it has read and loaded before its first step. */
  readonly process: number;
  readonly total: number;
}

/** What can be counted of it. */
export type CountedMemory = Omit<MemoryPlan, "process" | "total">;

const bytesPerCell = Float32Array.BYTES_PER_ELEMENT;

/** What a rank needs, with its process as it is: loaded, and without what nobody needs any more. */
export function memoryPlan(counted: CountedMemory, begun: number): MemoryPlan {
  const parts = { ...counted, process: begun };
  return { ...parts, total: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0) };
}

/**
 * What training takes, counted before its first step.
 *
 * @param parameters of the policy
 * @param ranks  that divide moments and averages
 * @param requests of the rank
 */
export function countedMemoryOf(
  plan: Plan,
  parameters: readonly ParameterForm[],
  { ranks, requests }: { readonly ranks: number; readonly requests: RunRequests },
): CountedMemory {
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
  return {
    weights: packed + room + frozen,
    momentsAndAverages: moments + averages,
    gradients: mostGradients(requests.microBatches, ranks) * (packed + room),
    ...programMemoryOf(plan, trained, requests),
    pictures: pictureBytes(plan, requests),
  };
}

/** Of the pictures of each dataset: as many as there are, as there is room for, and as the micro-batches ask for, whichever is least. */
function pictureBytes({ recipe, mixture }: Plan, { training, validation, times }: RunRequests): number {
  const { pictureSize, observations } = layoutOf(recipe, 1);
  const rowsOf = (requests: readonly PlacedRequest[], at: number) =>
    requests.reduce((sum, { draws }) => sum + draws.filter(({ member }) => member === at).length, 0);
  const bytes = mixture.members.map((member, at) => {
    const cameras = member.embodiment.cameras.filter(({ key }) => key !== null).length;
    const frames = frameCount(member.train) + frameCount(member.validation);
    const asked = observations * (times * rowsOf(training, at) + rowsOf(validation, at));
    return Math.min(recipe.data.pictureMemoryBytes, Math.min(frames, asked) * cameras * 3 * pictureSize ** 2);
  });
  return bytes.reduce((sum, one) => sum + one, 0);
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
