import { z } from "zod";
import type { NamedArrays, WeightsInTurn } from "../checkpoint/weights.ts";
import { cells as cellsOf } from "../graph/axes.ts";
import { HostArray } from "../graph/host-array.ts";
import { MappedFile } from "../graph/runtime/mapped-file.ts";
import type { ParameterForm } from "../nn/parameter.ts";
import type { Moment, MomentForm } from "../optimizer/moment-form.ts";
import { NarrowMoments } from "../optimizer/narrow-moments.ts";
import { Packed } from "../optimizer/packed.ts";
import { packedGroups } from "../optimizer/packed-layout.ts";
import { cellsIn, PackedShare, writePacked } from "../optimizer/packed-share.ts";
import type { TrainingState } from "../optimizer/state.ts";
import { agree } from "../ranks/agree.ts";
import { type Span, shareOf } from "../ranks/deal.ts";
import type { Cells } from "../ranks/link.ts";
import { collectSlices, dealSlices, shareSlices } from "../ranks/slices.ts";
import type { World } from "../ranks/world.ts";
import type { BestValidation } from "./progress.ts";
import type { RunAverages, RunState } from "./run-state.ts";
import type { ActingState } from "./weights.ts";

/** What training begins or goes on with. */
export interface Beginning {
  readonly step: number;
  readonly best: BestValidation | null;
  /** Each is read once: they may be drawn on the way. */
  readonly parameters: Iterable<readonly [string, NamedArray]>;
  /** `null`: a new optimizer, whose averages are the parameters. */
  readonly moments: NamedMoments | null;
}

export interface NamedMoments {
  readonly first: NamedArrays;
  readonly second: NamedArrays;
  readonly ema: NamedArrays | null;
}

type NamedArray = HostArray<string, "float32">;

/** Which parameters a run has, and how their moments are kept. */
export interface RunParameters {
  readonly forms: readonly ParameterForm[];
  readonly trained: ReadonlySet<string>;
  readonly keepsAverages: boolean;
  /** Whether several ranks divide them; where not, each has all. */
  readonly isDivided: boolean;
  readonly moments: MomentForm;
  /** Of the run: by it moments are rounded. */
  readonly seed: number;
}

/** Every rank's state, made of what rank 0 begins with: equal parameters at all ranks, and each its share of the moments. */
export async function stateOverRanks(
  world: World,
  own: Beginning | null,
  parameters: RunParameters,
): Promise<{ readonly state: RunState; readonly best: BestValidation | null }> {
  const facts = own && { step: own.step, best: own.best, isNew: own.moments === null };
  const { step, best, isNew } = await factsOfRank0(world, facts);
  const values = await valuesOverRanks(world, own, parameters);
  const { trained } = values;
  const isDivided = parameters.isDivided && world.size > 1;
  const given = own?.moments ?? null;
  const empty = () => (isDivided ? emptyShare(world, trained.length) : Packed.zerosLike(trained));
  const deal = async (kind: keyof NamedMoments, share: RunAverages) => {
    if (!isNew) await dealt(world, kind, { share, values: given?.[kind] ?? null, length: trained.length });
    else if (kind === "ema") share.cells.set(sliceOf(trained.cells, share));
    return share;
  };
  const { moments: form, seed, keepsAverages } = parameters;
  const all = { start: 0, end: packedGroups(trained.length).length };
  const span = isDivided ? shareOf(all.end, world) : all;
  // Both moments come through the same memory where they are kept in fewer bits.
  const through = form === "float32" || isNew ? null : empty();
  const momentsOf = async (moment: Moment) => {
    if (form === "float32") return await deal(moment, empty());
    const narrow = NarrowMoments.zeros({ form, moment, seed, length: trained.length, span });
    if (through !== null) narrow.take((await deal(moment, through)).cells);
    return narrow;
  };
  const [first, second] = [await momentsOf("first"), await momentsOf("second")];
  const ema = keepsAverages ? await deal("ema", empty()) : null;
  return { state: { step, ...values, first, second, ema }, best };
}

const factsSchema = z.object({
  step: z.int(),
  isNew: z.boolean(),
  best: z.object({ step: z.int(), loss: z.number() }).nullable(),
});

async function factsOfRank0(world: World, own: z.infer<typeof factsSchema> | null) {
  const encoded = new TextEncoder().encode(JSON.stringify(own));
  return factsSchema.parse(JSON.parse(new TextDecoder().decode(await world.broadcast("step", encoded))));
}

/** The parameters of rank 0 at every rank, those that train in one buffer. */
async function valuesOverRanks(
  world: World,
  own: Beginning | null,
  { forms, trained: names }: RunParameters,
): Promise<Pick<RunState, "parameters" | "trained">> {
  const trained = Packed.zeros(forms.filter(({ name }) => names.has(name)));
  const frozen = new Map<string, NamedArray>();
  for (const [name, array] of own?.parameters ?? []) {
    const packed = trained.get(name);
    if (packed === undefined) frozen.set(name, array);
    else packed.cells.set(array.cells);
  }
  MappedFile.letGo();
  const parameters = new Map(
    forms.map((form) => [form.name, trained.get(form.name) ?? frozen.get(form.name) ?? zerosOf(form)]),
  );
  if (world.size > 1)
    for (const name of [...parameters.keys()].sort())
      await world.broadcastInto(`weights of rank 0: ${name}`, parameters.get(name)!.cells);
  return { parameters, trained };
}

function zerosOf({ axes, shape }: ParameterForm): NamedArray {
  return new HostArray(axes, shape, "float32", new Float32Array(cellsOf(shape)));
}

/** Of values in a buffer of so many cells, room for this rank's share. */
function emptyShare(world: World, length: number): PackedShare {
  return PackedShare.zeros(length, shareOf(packedGroups(length).length, world));
}

/** Fills what every rank keeps, its share or all of it, with what rank 0 has. */
async function dealt(
  world: World,
  kind: keyof NamedMoments,
  { share, values, length }: { share: RunAverages; values: NamedArrays | null; length: number },
): Promise<void> {
  const fill = values && ((out: Float32Array, from: number) => writePacked(out, from, values));
  const all = Array.from({ length: world.size }, () => ({ start: 0, end: length }));
  const slices = share instanceof PackedShare ? slicesOf(world, length) : all;
  await dealSlices(world, `${kind} of rank 0`, { own: share.cells, fill, slices });
  MappedFile.letGo();
}

/** After an update: each rank has the new parameters of its share, and receives the others'. */
export async function shareTrained(
  world: World,
  { trained, first }: Pick<RunState, "trained" | "first">,
): Promise<void> {
  if (first instanceof Packed) return;
  await shareSlices(world, "updated weights", { whole: trained.cells, slices: slicesOf(world, trained.cells.length) });
}

/**
 * Makes sure that all ranks hold the same weights, to the bit, and came to them by the same steps: updated weights are one rank's, the norm of a
 * gradient is every rank's own.
 *
 * @param norms of the gradients since the last agreement
 * @throws RankError naming the arrays that differ and the ranks that hold them otherwise than most
 */
export async function agreeOnWeights(
  world: World,
  { step, trained }: RunState,
  norms: readonly number[],
): Promise<void> {
  const arrays = new Map<string, Cells>([...trained].map(([name, { cells }]) => [name, cells]));
  arrays.set("norms of gradients", Float64Array.from(norms));
  await agree(world, `weights after step ${step}`, arrays);
}

/** Lends memory that holds as much as all parameters that train. */
export type Lend = <T>(use: (storage: Packed) => Promise<T>) => Promise<T>;

/** Uses a state whose averages are whole; where they are divided, they are put together in memory that is lent meanwhile. */
export async function withWholeAverages<T>(
  world: World,
  { step, parameters, trained, ema }: RunState,
  lend: Lend,
  use: (state: ActingState) => Promise<T>,
): Promise<T> {
  if (!(ema instanceof PackedShare)) return await use({ step, parameters, ema });
  return await lend(async (storage) => {
    trained.expectLike("withWholeAverages", storage);
    sliceOf(storage.cells, ema).set(ema.cells);
    await shareSlices(world, "averages", { whole: storage.cells, slices: slicesOf(world, storage.cells.length) });
    return await use({ step, parameters, ema: storage });
  });
}

/** A state of which nothing is divided. @throws RangeError where its moments are a rank's share, or in fewer bits than float32 */
export function wholeState({ first, second, ema, ...rest }: RunState): TrainingState {
  if (!(first instanceof Packed && second instanceof Packed) || ema instanceof PackedShare)
    throw new RangeError("wholeState: expected all moments in float32, got a rank's share of them, or fewer bits");
  return { ...rest, first, second, ema };
}

/**
 * A state for a checkpoint, at rank 0: moments and averages come from the other ranks, which `sendShares`, into the same memory one after the other.
 * Moments of fewer bits are widened there: a checkpoint has them as the numbers of float32 that they are.
 */
export function weightsInTurn(
  world: World,
  { parameters, trained, ...state }: RunState,
  storage: Packed | null,
): WeightsInTurn {
  const collected = (kind: keyof NamedMoments) => async () => {
    const share = state[kind];
    if (share instanceof Packed) return share;
    if (share === null || storage === null)
      throw new RangeError(`weightsInTurn: expected memory for "${kind}", got none`);
    const slices = slicesOf(world, storage.cells.length);
    const own = asComputed(share, storage);
    if (world.size > 1) await collectSlices(world, `${kind} for the checkpoint`, { own, into: storage.cells, slices });
    return storage;
  };
  return {
    parameters,
    trained: new Set(trained.keys()),
    firstMoments: collected("first"),
    secondMoments: collected("second"),
    ema: state.ema === null ? null : collected("ema"),
  };
}

/** Has rank 0 write a state, while the others send what it lacks. */
export async function writeAtRank0(
  world: World,
  state: RunState,
  lend: Lend,
  write: (weights: WeightsInTurn) => Promise<void>,
): Promise<void> {
  if (world.rank > 0) await lend((storage) => sendShares(world, state, storage));
  else if (state.first instanceof Packed) await write(weightsInTurn(world, state, null));
  else await lend((storage) => write(weightsInTurn(world, state, storage)));
}

/** The part of the other ranks in `weightsInTurn`. */
export async function sendShares(world: World, { trained, ...state }: RunState, storage: Packed): Promise<void> {
  const slices = slicesOf(world, trained.cells.length);
  for (const kind of ["first", "second", "ema"] as const) {
    const share = state[kind];
    if (share === null || share instanceof Packed) continue;
    const own = asComputed(share, storage);
    await collectSlices(world, `${kind} for the checkpoint`, { own, into: null, slices });
  }
}

/** A share in float32: as it lies, or widened to where its cells stand in a whole buffer. */
function asComputed(share: PackedShare | NarrowMoments, storage: Packed): Float32Array {
  if (share instanceof PackedShare) return share.cells;
  const own = storage.cells.subarray(share.from, share.from + share.length);
  share.widen(own);
  return own;
}

/** The cells of each rank's share. */
function slicesOf({ size }: World, length: number): Span[] {
  return Array.from({ length: size }, (_, rank) => {
    const { from, until } = cellsIn(length, shareOf(packedGroups(length).length, { rank, size }));
    return { start: from, end: until };
  });
}

/** The cells of a whole buffer where a share's stand. */
function sliceOf(whole: Float32Array, share: RunAverages): Float32Array {
  return share instanceof Packed ? whole : whole.subarray(share.from, share.from + share.cells.length);
}
