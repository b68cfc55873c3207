import { allocate, type DataType, HostArray, type Storage } from "../graph/host-array.ts";
import { type EncodedPadded, Padded } from "../validity/padded.ts";
import { type EncodedValidity, Validity } from "../validity/validity.ts";

/** What exists, fact by fact. None is folded into another; in a filler row nothing exists. */
export interface Facts {
  /** The step lies inside the episode. */
  readonly stepReal: Validity<"b t">;
  /** The robot has a degree of freedom in this slot. */
  readonly dofReal: Validity<"b d">;
  readonly stateReal: Validity<"b s">;
  /** The sample has a robot target at all. */
  readonly targetReal: Validity<"b">;
  /** The slot lies inside the episode; the last (now) always does. */
  readonly historyReal: Validity<"b o">;
  /** History was not dropped for this sample. */
  readonly historyKept: Validity<"b">;
  /** The camera exists for this sample. */
  readonly viewReal: Validity<"b o v">;
  readonly tokenReal: Validity<"b n">;
  /** The row is no filler. */
  readonly rowReal: Validity<"b">;
}

/** Where each row comes from; −1 in filler rows. */
export interface Provenance {
  readonly dataset: Int32Array;
  readonly controlMode: Int32Array;
  readonly episode: Int32Array;
  readonly frame: Int32Array;
  /** How often the sample has been drawn before. */
  readonly draw: Int32Array;
}

/** One micro-batch on the host. Every cell that is not real is 0. */
export interface Batch {
  /** Real by slot and view: the camera exists, the slot lies in the episode, and it is now or was not dropped. */
  readonly images: Padded<"b o v h w c", "uint8", "b o v">;
  /** In unit scale. */
  readonly state: Padded<"b o s">;
  readonly prompt: Padded<"b n", "int32">;
  /** In unit scale. */
  readonly actions: Padded<"b t d">;
  readonly facts: Facts;
  readonly provenance: Provenance;
  /** Which of the mixture's robots a row is of, see `Example`; −1 in filler rows. */
  readonly embodiment: HostArray<"b", "int32">;
  /** Which of the robot's own dofs a slot holds, −1 where none: noise is keyed by it. */
  readonly ownDof: HostArray<"b d", "int32">;
}

/** A batch as plain data, for the border between workers. */
export interface EncodedBatch {
  readonly images: EncodedPadded;
  readonly state: EncodedPadded;
  readonly prompt: EncodedPadded;
  readonly actions: EncodedPadded;
  readonly facts: { readonly [K in keyof Facts]: EncodedValidity };
  readonly provenance: Provenance;
  readonly embodiment: Int32Array;
  readonly ownDof: { readonly shape: readonly number[]; readonly cells: Int32Array };
}

/** How many samples a batch holds: its rows less the fillers. */
export function sampleCount(batch: Batch): number {
  return batch.facts.rowReal.count;
}

/**
 * Slots whose observation may be read: now, and history that lies in the episode and was not dropped.
 *
 * Made afresh at each call; nothing that it is made of changes.
 */
export function observationReal(facts: Pick<Facts, "historyReal" | "historyKept" | "rowReal">): Validity<"b o"> {
  const slots = facts.historyReal.shape[1]!;
  const bits = facts.historyReal.bits.map((bit, at) => {
    const row = Math.floor(at / slots);
    const isNow = at % slots === slots - 1;
    return facts.rowReal.isReal(row) && (isNow || (bit === 1 && facts.historyKept.isReal(row))) ? 1 : 0;
  });
  return Validity.of("b o", facts.historyReal.shape, bits);
}

/** A batch as plain data. The cells are not copied: once they are transferred, the batch is spent. */
export function encodeBatch(batch: Batch): EncodedBatch {
  const { facts, ownDof } = batch;
  return {
    images: batch.images.encode(),
    state: batch.state.encode(),
    prompt: batch.prompt.encode(),
    actions: batch.actions.encode(),
    facts: {
      stepReal: facts.stepReal.encode(),
      dofReal: facts.dofReal.encode(),
      stateReal: facts.stateReal.encode(),
      targetReal: facts.targetReal.encode(),
      historyReal: facts.historyReal.encode(),
      historyKept: facts.historyKept.encode(),
      viewReal: facts.viewReal.encode(),
      tokenReal: facts.tokenReal.encode(),
      rowReal: facts.rowReal.encode(),
    },
    provenance: batch.provenance,
    embodiment: batch.embodiment.cells,
    ownDof: { shape: ownDof.shape, cells: ownDof.cells },
  };
}

/**
 * The large buffers of an encoded batch, to be moved instead of copied.
 *
 * @throws TypeError if cells lie in shared memory
 */
export function transferList({ images, state, prompt, actions }: EncodedBatch): ArrayBuffer[] {
  return [images, state, prompt, actions].map(({ cells: { buffer } }) => {
    if (buffer instanceof ArrayBuffer) return buffer;
    throw new TypeError("transferList: expected cells in an ArrayBuffer of their own, got shared memory");
  });
}

/** @throws TypeError if the value is no encoded batch: axes, types and every fact are checked */
export function decodeBatch(encoded: EncodedBatch): Batch {
  const { facts, ownDof } = encoded;
  return {
    images: Padded.of(decodeArray(encoded.images, "b o v h w c", "uint8"), decodeValidity(encoded.images, "b o v")),
    state: Padded.of(decodeArray(encoded.state, "b o s", "float32"), decodeValidity(encoded.state, "b o s")),
    prompt: Padded.of(decodeArray(encoded.prompt, "b n", "int32"), decodeValidity(encoded.prompt, "b n")),
    actions: Padded.of(decodeArray(encoded.actions, "b t d", "float32"), decodeValidity(encoded.actions, "b t d")),
    facts: {
      stepReal: Validity.decode("b t", facts.stepReal),
      dofReal: Validity.decode("b d", facts.dofReal),
      stateReal: Validity.decode("b s", facts.stateReal),
      targetReal: Validity.decode("b", facts.targetReal),
      historyReal: Validity.decode("b o", facts.historyReal),
      historyKept: Validity.decode("b", facts.historyKept),
      viewReal: Validity.decode("b o v", facts.viewReal),
      tokenReal: Validity.decode("b n", facts.tokenReal),
      rowReal: Validity.decode("b", facts.rowReal),
    },
    provenance: encoded.provenance,
    embodiment: new HostArray("b", [encoded.embodiment.length], "int32", encoded.embodiment),
    ownDof: new HostArray("b d", ownDof.shape, "int32", ownDof.cells),
  };
}

function decodeValidity<const A extends string>(encoded: EncodedPadded, axes: A): Validity<A> {
  return Validity.decode(axes, encoded.valid);
}

function decodeArray<A extends string, D extends DataType>(encoded: EncodedPadded, axes: A, type: D): HostArray<A, D> {
  const { kind, shape, cells } = encoded;
  if (kind !== "padded" || encoded.axes !== axes || encoded.type !== type)
    throw new TypeError(`decodeBatch: expected ${type} [${axes}], got ${kind} ${encoded.type} [${encoded.axes}]`);
  const storage = allocate(type, 0);
  if (!isStorageLike(cells, storage)) throw new TypeError(`decodeBatch: expected cells of ${type} for [${axes}]`);
  return new HostArray(axes, shape, type, cells);
}

function isStorageLike<D extends DataType>(cells: unknown, like: Storage<D>): cells is Storage<D> {
  return cells instanceof like.constructor;
}
