import { type Batch, type Provenance, sampleCount } from "../batch/batch.ts";
import { fillNoise, type SampleKey } from "../flow/noise.ts";
import type { UnrealInput } from "../flow/path.ts";
import { embedTimes, sampleTime } from "../flow/time.ts";
import { cells } from "../graph/axes.ts";
import { type Arrays, type DataType, type HostArray, zeros } from "../graph/host-array.ts";
import { type Stream, stream } from "../graph/random.ts";
import { addCounts, type CellCounts, type Counts, countsOf, fillCellWeights, type Term } from "../loss/reduction.ts";
import type { SampleError } from "../metric/group.ts";
import type { PastEnd, TimeDirection, TimeEmbedding } from "../policy/head/form.ts";
import { Mean } from "../validity/mean.ts";
import type { Rules } from "../validity/rules.ts";
import { Supervised, type SupervisionRule } from "../validity/supervised.ts";
import { Validity } from "../validity/validity.ts";
import { flowInputs } from "./objective.ts";

/** How noise and time are drawn and what teaches, for every micro-batch of a run alike. */
export interface TargetOptions {
  readonly seed: number;
  /** Names the random streams: validation's numbers never touch training's. */
  readonly purpose: "training" | "validation";
  readonly supervision: SupervisionRule;
  readonly unrealInput: UnrealInput;
  readonly timeDirection: TimeDirection;
  /** What becomes of steps past an episode's end. */
  readonly pastEnd: PastEnd;
  /** How the policy's head takes times. */
  readonly embedding: TimeEmbedding;
  /** Name of a dataset by its index. */
  readonly datasets: readonly string[];
  /** Whether a robot's own dof moves in training. */
  readonly moves: (provenance: { readonly dataset: number; readonly controlMode: number }, dof: number) => boolean;
  readonly rules: Rules;
}

/** A batch with the noise, the times and the supervision of one draw: all that the objective takes but the row weights. */
export interface MicroBatch {
  readonly feeds: Arrays;
  readonly counts: CellCounts;
  readonly provenance: Provenance;
  /** Rows that are samples; the rest are fillers. */
  readonly samples: number;
}

/**
 * A micro-batch for the objective.
 *
 * @param draw which noise and time of a sample: in training the number of times it was drawn before, in validation of several
 */
export function microBatchOf(batch: Batch, options: TargetOptions, draw: "as drawn" | number): MicroBatch {
  const { provenance, facts, ownDof } = batch;
  const [rows = 0, steps = 0] = facts.stepReal.shape;
  const width = ownDof.shape[1] ?? 0;
  const noise = zeros("b t d", [rows, steps, width], "float32");
  const time = zeros("b t", [rows, steps], "float32");
  const streams = new Streams(options);
  for (let row = 0; row < rows; row++) {
    if (!facts.rowReal.isReal(row)) continue;
    const dataset = options.datasets[provenance.dataset[row]!] ?? "";
    const key: SampleKey = {
      episode: provenance.episode[row]!,
      frame: provenance.frame[row]!,
      draw: draw === "as drawn" ? provenance.draw[row]! : draw,
    };
    const cells = noise.cells.subarray(row * steps * width, (row + 1) * steps * width);
    const own = ownDof.cells.subarray(row * width, (row + 1) * width);
    if (options.unrealInput === "noise")
      streams.named("unreal noise", dataset).fillNormal(cells, key.frame, key.episode, key.draw);
    fillNoise(cells, own, { random: streams.named("noise", dataset), key });
    time.cells.fill(
      sampleTime(streams.named("time", dataset), key, options.timeDirection),
      row * steps,
      (row + 1) * steps,
    );
  }
  const supervised = Supervised.byRule(
    options.supervision,
    { ...facts, dofMoves: dofMoves(batch, options) },
    { rules: options.rules, stepsThatTeach: options.pastEnd === "taught" ? "all" : "real" },
  );
  const feeds = new Map<string, HostArray<string, DataType>>([
    ...observationFeeds(batch),
    [flowInputs.actions, batch.actions.read((values) => values)],
    [flowInputs.noise, noise],
    [flowInputs.time, time],
    [flowInputs.timeEmbedding, embedTimes(time, options.embedding)],
    [flowInputs.supervised, supervised.toArray()],
  ]);
  const counts = { bySlot: Supervised.countBySlot(supervised), steps };
  return { feeds, counts, provenance, samples: sampleCount(batch) };
}

/** What the terms of the loss count over a global batch, in the order of the terms. */
export function wholeCounts(micros: readonly MicroBatch[], terms: readonly Term[]): Counts[] {
  return terms.map((term) => addCounts(micros.map(({ counts }) => countsOf(term, counts))));
}

/** What the error of each cell of a micro-batch weighs in the loss of its global batch, whose counts are given by term. */
export function cellWeightsOf(
  { counts }: MicroBatch,
  terms: readonly Term[],
  whole: readonly Counts[],
  rules: Rules,
): HostArray<"b d"> {
  const weights = zeros("b d", counts.bySlot.shape, "float32");
  for (const [at, term] of terms.entries()) fillCellWeights(weights, term, counts, { whole: whole[at]!, rules });
  return weights;
}

/**
 * The share of a micro-batch in the loss of the global batch: `Σ weight · error`.
 *
 * Summed here in float64, in order: a runtime's sum over slots has other last bits where there are more of them.
 *
 * @param weights of each cell
 * @param errors  squared errors, summed over the steps
 */
export function lossOf(weights: HostArray<"b d">, errors: HostArray<"b d">): number {
  let sum = 0;
  for (let at = 0; at < errors.cells.length; at++) sum += weights.cells[at]! * errors.cells[at]!;
  return sum;
}

/**
 * The error of each sample of a micro-batch by term of the loss, filler rows left out.
 *
 * @param errors `[b d]` or `[b t d]`: squared errors, 0 where not supervised; summed here in float64, in order
 */
export function sampleErrors(
  { provenance, samples, counts: { bySlot } }: MicroBatch,
  terms: readonly Term[],
  errors: HostArray<string, "float32">,
): SampleError[] {
  const width = bySlot.shape[1]!;
  const share = cells(errors.shape.slice(1));
  return Array.from({ length: samples }, (_, row) => ({
    dataset: provenance.dataset[row]!,
    controlMode: provenance.controlMode[row]!,
    episode: provenance.episode[row]!,
    velocity: terms.map(({ slots }) => {
      const own = new Set(slots);
      const isOwn = (cell: number) => own.has(cell % width);
      return new Mean(
        total(errors.cells.subarray(row * share, (row + 1) * share), isOwn),
        total(bySlot.cells.subarray(row * width, (row + 1) * width), isOwn),
      );
    }),
  }));
}

function total(values: Float32Array | Float64Array, isMeant: (cell: number) => boolean): number {
  let sum = 0;
  for (let cell = 0; cell < values.length; cell++) if (isMeant(cell)) sum += values[cell]!;
  return sum;
}

/** Inputs of the programs that stand for what a robot perceives, under the names of the batch's fields. */
export function observationFeeds(batch: Batch): Arrays {
  const { facts } = batch;
  return new Map<string, HostArray<string, DataType>>([
    ["images", batch.images.read((values) => values)],
    ["state", batch.state.read((values) => values)],
    ["prompt", batch.prompt.read((values) => values)],
    ["embodiment", batch.embodiment],
    ["stepReal", facts.stepReal.toArray()],
    ["dofReal", facts.dofReal.toArray()],
    ["stateReal", facts.stateReal.toArray()],
    ["targetReal", facts.targetReal.toArray()],
    ["historyReal", facts.historyReal.toArray()],
    ["historyKept", facts.historyKept.toArray()],
    ["viewReal", facts.viewReal.toArray()],
    ["tokenReal", facts.tokenReal.toArray()],
    ["rowReal", facts.rowReal.toArray()],
  ]);
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

/** Streams of one batch, each made once. */
class Streams {
  readonly #made = new Map<string, Stream>();
  readonly #seed: number;
  readonly #purpose: string;

  constructor({ seed, purpose }: TargetOptions) {
    this.#seed = seed;
    this.#purpose = purpose;
  }

  named(what: string, dataset: string): Stream {
    const key = `${what}/${dataset}`;
    const made = this.#made.get(key) ?? stream(this.#seed, `${this.#purpose} ${what}`, dataset);
    this.#made.set(key, made);
    return made;
  }
}
