import type { RunBuffer } from "./run-memory.ts";

/** A piece of a region. */
interface Piece {
  bytes: number;
  isFree: boolean;
  before: Piece | null;
  behind: Piece | null;
}

/**
 * The arena from which ONNX Runtime's programs draw, as `environment.ts` asks for it: it takes from the system what is asked for where no free piece
 * is large enough, keeps it for good, and splits only pieces of twice the size. So it holds more than was ever in use at a time.
 *
 * @source onnxruntime/core/framework/bfc_arena.cc (`FindChunkPtr`, `SplitChunk`, `Extend` with `kSameAsRequested`, `FreeAndMaybeCoalesce`)
 */
export class Arena {
  readonly #free = new Set<Piece>();
  #bytes = 0;

  /** What it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes and gives back the buffers of a run, in order. */
  run(buffers: readonly RunBuffer[]): void {
    const taken = new Map<RunBuffer, Piece>();
    const beginning = Map.groupBy(buffers, ({ from }) => from);
    const ending = Map.groupBy(buffers, ({ until }) => until);
    for (const at of [...new Set([...beginning.keys(), ...ending.keys()])].sort((one, other) => one - other)) {
      for (const buffer of beginning.get(at) ?? []) taken.set(buffer, this.#take(rounded(buffer.bytes)));
      for (const buffer of ending.get(at) ?? []) this.#giveBack(taken.get(buffer)!);
    }
  }

  #take(bytes: number): Piece {
    let best: Piece | null = null;
    for (const piece of this.#free)
      if (piece.bytes >= bytes && (best === null || piece.bytes < best.bytes)) best = piece;
    if (best === null) {
      this.#bytes += bytes;
      return { bytes, isFree: false, before: null, behind: null };
    }
    this.#free.delete(best);
    best.isFree = false;
    if (best.bytes >= 2 * bytes || best.bytes - bytes >= mostIdle) this.#split(best, bytes);
    return best;
  }

  #split(piece: Piece, bytes: number): void {
    const rest: Piece = { bytes: piece.bytes - bytes, isFree: true, before: piece, behind: piece.behind };
    if (piece.behind !== null) piece.behind.before = rest;
    piece.behind = rest;
    piece.bytes = bytes;
    this.#free.add(rest);
  }

  #giveBack(piece: Piece): void {
    piece.isFree = true;
    const { before } = piece;
    if (piece.behind?.isFree === true) this.#join(piece, piece.behind);
    if (before?.isFree === true) this.#join(before, piece);
    else this.#free.add(piece);
  }

  #join(piece: Piece, next: Piece): void {
    this.#free.delete(next);
    piece.bytes += next.bytes;
    piece.behind = next.behind;
    if (next.behind !== null) next.behind.before = piece;
  }
}

/** The runtime's choice of what a piece may have beyond what was asked for. */
const mostIdle = 128 * 2 ** 20;

const grain = 256;

function rounded(bytes: number): number {
  return Math.max(grain, Math.ceil(bytes / grain) * grain);
}
