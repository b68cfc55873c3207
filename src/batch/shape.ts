import type { Draw } from "../mixture/sampler.ts";
import { microBatches } from "../mixture/validation.ts";
import type { Batch } from "./batch.ts";
import type { BatchLayout } from "./layout.ts";
import type { BatchRequest } from "./maker.ts";

/** The sizes of a micro-batch that may follow what its rows need: views that exist, observation slots, prompt tokens. */
export type BatchShape = Pick<BatchLayout, "views" | "observations" | "tokens">;

/** A shape and how many rows there are of it: one compiled program for each. */
export interface MicroShape extends BatchShape {
  readonly rows: number;
}

/** The sizes that a batch has. */
export function shapeOfBatch({ facts: { viewReal, tokenReal, rowReal } }: Pick<Batch, "facts">): MicroShape {
  const [, observations = 0, views = 0] = viewReal.shape;
  return { rows: rowReal.shape[0] ?? 0, views, observations, tokens: tokenReal.shape[1] ?? 0 };
}

/** A layout with some of its sizes; where it has pictures of what is to be reached, there is one for each view. */
export function layoutIn(layout: BatchLayout, shape: BatchShape | MicroShape): BatchLayout {
  const { views, observations, tokens } = shape;
  const subgoals = layout.subgoals === undefined ? {} : { subgoals: views };
  return { ...layout, ...subgoals, ...("rows" in shape ? { rows: shape.rows } : {}), views, observations, tokens };
}

/** The least shape with room for both. */
export function joinedShape(one: BatchShape, other: BatchShape): BatchShape {
  return {
    views: Math.max(one.views, other.views),
    observations: Math.max(one.observations, other.observations),
    tokens: Math.max(one.tokens, other.tokens),
  };
}

export function isSameShape(one: BatchShape, other: BatchShape): boolean {
  return one.views === other.views && one.observations === other.observations && one.tokens === other.tokens;
}

/** In which shapes the rows of a batch are computed. */
export interface Shaping {
  readonly shapes: readonly BatchShape[];
  /** Index of the shape of a draw's row, which has room for all that it needs. */
  shapeOf(draw: Draw, purpose: BatchRequest["purpose"]): number;
}

/** A micro-batch that is wanted, and where each of its samples stands among all of the step, or of the held-out set. */
export interface PlacedRequest extends BatchRequest {
  readonly places: readonly number[];
}

/** How samples are dealt to micro-batches. */
export interface Dealing {
  readonly purpose: BatchRequest["purpose"];
  /** Its rows are the most that a micro-batch has. */
  readonly layout: BatchLayout;
  /** `null`: all rows have the layout's own shape. */
  readonly shaping: Shaping | null;
  /** "fewest": as many rows as there are samples, or a few more; "full": always the most. */
  readonly rows: "fewest" | "full";
}

/**
 * Samples as micro-batches, each in one shape, in an order in which shapes take turns: a function of the draws alone.
 *
 * The samples of one shape keep their order. With "fewest" they are divided evenly and the rows rounded up (`roundedRows`); with "full" each
 * micro-batch is full but the last.
 */
export function dealtByShape(draws: readonly Draw[], dealing: Dealing): PlacedRequest[] {
  const { layout, shaping, purpose, rows } = dealing;
  const all = draws.map((draw, place) => ({ draw, place }));
  if (shaping === null) return microBatches(all, layout.rows).map((own) => placed(own, layout, purpose));
  const groups = Map.groupBy(all, ({ draw }) => shaping.shapeOf(draw, purpose));
  const dealt = [...groups].flatMap(([shape, own]) => {
    const chunks = rows === "full" ? microBatches(own, layout.rows) : evenly(own, layout.rows);
    return chunks.map((chunk, at) => {
      const count = rows === "full" ? layout.rows : Math.min(layout.rows, roundedRows(chunk.length));
      const sizes = layoutIn({ ...layout, rows: count }, shaping.shapes[shape]!);
      return { shape, turn: (at + 0.5) / chunks.length, request: placed(chunk, sizes, purpose) };
    });
  });
  const inTurns =
    rows === "full" ? dealt : dealt.sort((one, other) => one.turn - other.turn || one.shape - other.shape);
  return inTurns.map(({ request }) => request);
}

/** Numbers of rows of four binary digits: programs are few, and fewer than one row in nine is a filler. */
export function roundedRows(samples: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(samples)) - 3);
  return Math.ceil(samples / step) * step;
}

interface PlacedDraw {
  readonly draw: Draw;
  readonly place: number;
}

function placed(own: readonly PlacedDraw[], layout: BatchLayout, purpose: BatchRequest["purpose"]): PlacedRequest {
  return { purpose, layout, draws: own.map(({ draw }) => draw), places: own.map(({ place }) => place) };
}

/** As few chunks as the size allows, equal to within one. */
function evenly<T>(all: readonly T[], size: number): T[][] {
  const count = Math.ceil(all.length / size);
  const border = (at: number) => Math.floor((at * all.length) / count);
  return Array.from({ length: count }, (_, at) => all.slice(border(at), border(at + 1)));
}
