import { layoutIn, type MicroShape, type PlacedRequest } from "../batch/shape.ts";
import { Arena } from "../graph/arena.ts";
import { cells } from "../graph/axes.ts";
import { GraphLowering } from "../graph/lowering.ts";
import type { OnnxGraph } from "../graph/onnx.ts";
import type { AnyArray } from "../graph/operation.ts";
import { type RunBuffer, runBuffersOf } from "../graph/run-memory.ts";
import { errorOutputs, gradientOutputs, parametersWithoutGradient, traceObjectives } from "../objective/objective.ts";
import { type Plan, settingOf } from "../recipe/plan.ts";
import { mostPrograms } from "./program-cache.ts";

/** The micro-batches that a rank will compute: of its first steps, and of a validation. */
export interface RunRequests {
  readonly training: readonly PlacedRequest[];
  /** Of a step, over all ranks, at most. */
  readonly microBatches: number;
  /** All steps of the run, as multiples of those. */
  readonly times: number;
  /** None, where a run validates nothing. */
  readonly validation: readonly PlacedRequest[];
}

/**
 * What a session of the runtime keeps of each node of its graph: 4.5 MiB of 834 nodes, 8.5 of 1,787, 14.5 of 2,787 (the process's growth by one
 * program more, of the same policy with other numbers of rows: docs/benchmarks.md, "Memory of a rank").
 */
const bytesPerNode = 5400;

/** What OpenVINO keeps of each node: 185 to 202 MiB of 1,787 nodes, 116 to 132 of 1,084 (the same place). */
const bytesPerNodeInBfloat16 = 118_000;

/** What OpenVINO takes once, with the first program of a process: 62 MiB beside one of 1,787 nodes, 110 beside one of 974. */
const firstInBfloat16 = 86 * 2 ** 20;

/**
 * What V8 takes of a process just collected while a program is written, of each node: 16 to 23 MiB of 1,552 nodes, 22 to 56 of 1,811, 96 of 2,438
 * and of 2,544, 111 of 3,292 (the same place).
 */
const writtenBytesPerNode = 33 * 2 ** 10;

/** What V8 lets young objects take before it collects them, whatever is written: three semi-spaces of 16 MiB. */
const youngGeneration = 48 * 2 ** 20;

/** Of the programs of a run: arrays between their operators, and they themselves with what V8 takes while one is written. */
interface ProgramMemory {
  readonly activations: number;
  readonly programs: number;
}

/** What the programs of a run take. */
export function programMemoryOf(
  plan: Plan,
  trained: ReadonlySet<string>,
  { training, validation }: RunRequests,
): ProgramMemory {
  const { precision, device } = plan.recipe;
  const errors = shapesOf(validation).map((shape) => programOf(errorGraph(plan, shape)));
  const count = precision === "bf16" && device === "cpu" ? inBfloat16 : inFloat32;
  const shapes = shapesOf(training);
  const { activations, programs } = count(errors, shapes, (shape) => gradientProgram(plan, trained, shape));
  return { activations, programs: programs + bytesPerNode * nodesOf(errors.slice(0, mostPrograms)) };
}

/** All draw on one arena. Of shapes that differ in rows alone the largest is looked at. */
function inFloat32(
  errors: readonly CountedProgram[],
  shapes: readonly MicroShape[],
  programIn: (shape: MicroShape) => CountedProgram,
): ProgramMemory {
  const largest = shapes.filter((shape) => shapes.every((other) => !isLike(shape, other) || other.rows <= shape.rows));
  const gradients = largest.map((shape) => ({ shape, ...programIn(shape) }));
  const kept = shapes.slice(0, mostPrograms).map((shape) => gradients.find((own) => isLike(own.shape, shape))!);
  const packed = kept.reduce((sum, own) => sum + own.packed, 0);
  return {
    activations: arenaOf([...errors, ...gradients, ...errors, ...gradients]),
    programs: bytesPerNode * nodesOf(kept) + packed + writtenBytes(gradients),
  };
}

/** Each of OpenVINO's keeps its arrays. The first is compared with one in float32. */
function inBfloat16(
  errors: readonly CountedProgram[],
  shapes: readonly MicroShape[],
  programIn: (shape: MicroShape) => CountedProgram,
): ProgramMemory {
  const gradients = shapes.slice(0, mostPrograms).map(programIn);
  const own = gradients.reduce((sum, gradient) => sum + arenaOf([gradient]), 0);
  return {
    activations: arenaOf([...errors, ...gradients.slice(0, 1), ...errors]) + own,
    programs: bytesPerNodeInBfloat16 * nodesOf(gradients) + firstInBfloat16 + writtenBytes(gradients),
  };
}

/** What an arena holds once programs have run in turn. */
function arenaOf(programs: readonly CountedProgram[]): number {
  const arena = new Arena();
  for (const { buffers } of programs) arena.run(buffers);
  return arena.bytes;
}

/** One is written after another. */
function writtenBytes(programs: readonly CountedProgram[]): number {
  return Math.max(youngGeneration, writtenBytesPerNode * Math.max(0, ...programs.map(({ nodes }) => nodes)));
}

function nodesOf(programs: readonly CountedProgram[]): number {
  return programs.reduce((sum, { nodes }) => sum + nodes, 0);
}

interface CountedProgram {
  readonly nodes: number;
  readonly buffers: readonly RunBuffer[];
  /** Bytes of matrices that stand in the program: the runtime keeps a copy of each in the order in which its kernels read it. */
  readonly packed: number;
}

function programOf(graph: OnnxGraph, standing: ReadonlySet<string> = new Set()): CountedProgram {
  return { nodes: graph.nodes.length, buffers: runBuffersOf(graph), packed: packedBytes(graph, standing) };
}

function packedBytes({ inputs, nodes }: OnnxGraph, standing: ReadonlySet<string>): number {
  const multiplied = new Set(nodes.filter(({ operator }) => products.has(operator)).map((node) => node.inputs[1]!));
  return inputs
    .filter(({ name }) => multiplied.has(name) && standing.has(name))
    .reduce((sum, { shape }) => sum + bytesPerCell * cells(shape), 0);
}

const bytesPerCell = Float32Array.BYTES_PER_ELEMENT;

const products: ReadonlySet<string> = new Set(["Gemm", "MatMul", "FusedMatMul"]);

/** Each once, in the order in which they come. */
function shapesOf(requests: readonly PlacedRequest[]): MicroShape[] {
  const shapes = new Map<string, MicroShape>();
  for (const { layout } of requests) {
    const { rows, views, observations, tokens } = layout;
    const key = [rows, views, observations, tokens].join(" ");
    if (!shapes.has(key)) shapes.set(key, { rows, views, observations, tokens });
  }
  return [...shapes.values()];
}

/** Whether two shapes differ in their rows alone. */
function isLike(one: MicroShape, other: MicroShape): boolean {
  return one.views === other.views && one.observations === other.observations && one.tokens === other.tokens;
}

function gradientProgram(plan: Plan, trained: ReadonlySet<string>, shape: MicroShape): CountedProgram {
  const { batch } = plan.recipe;
  const setting = settingOf(plan, batch.microBatch);
  const trains = (name: string) => trained.has(name);
  const objectives = traceObjectives({ ...setting, layout: layoutIn(setting.layout, shape), trains });
  const own = objectives.parameters.filter(({ name }) => trains(name));
  const still = parametersWithoutGradient(objectives, own);
  const standing = new Set([...still].filter((name) => !trained.has(name)));
  return programOf(graphOf(gradientOutputs(objectives, own, batch.recompute ?? "nothing")), standing);
}

function errorGraph(plan: Plan, shape: MicroShape): OnnxGraph {
  const setting = settingOf(plan, shape.rows);
  return graphOf(errorOutputs(traceObjectives({ ...setting, layout: layoutIn(setting.layout, shape) })));
}

function graphOf(outputs: Readonly<Record<string, AnyArray>>): OnnxGraph {
  return new GraphLowering(new Map()).graph(new Map(Object.entries(outputs)));
}
