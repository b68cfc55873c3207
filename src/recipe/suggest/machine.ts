import { availableParallelism, freemem } from "node:os";
import type { SizeChoice } from "../../policy/size.ts";
import type { VariantName } from "../../policy/variant.ts";
import { sizeBeforeHead, variants } from "../../policy/variant.ts";

/** What a training may take of a machine. */
export interface TrainingMachine {
  readonly memoryBytes: number;
  readonly cores: number;
}

/** This machine: memory that is free, within what the process is allowed. */
export function thisMachine(): TrainingMachine {
  const allowed = process.constrainedMemory();
  const free = freemem();
  return { memoryBytes: allowed > 0 ? Math.min(allowed, free) : free, cores: availableParallelism() };
}

/** What decides how much memory a row of a micro-batch takes. */
export interface RowSize {
  readonly variant: VariantName;
  readonly size: SizeChoice;
  readonly views: number;
  readonly promptTokens: number;
  readonly actionHorizon: number;
}

/** Rows of a micro-batch, and what it was concluded from. */
export interface MicroBatchGuess {
  readonly rows: number;
  readonly rowBytes: number;
}

/**
 * The largest power of two of rows, up to a batch, whose activations fill at most half of the memory; 1 where not even one fits.
 *
 * An estimate: the arrays of each layer that its gradient reads again, in float32.
 */
export function microBatchFor({ memoryBytes }: TrainingMachine, batch: number, row: RowSize): MicroBatchGuess {
  const rowBytes = bytesOf(row);
  const most = Math.max(1, Math.min(batch, memoryBytes / 2 / rowBytes));
  return { rows: 2 ** Math.floor(Math.log2(most)), rowBytes };
}

function bytesOf({ variant, size, views, promptTokens, actionHorizon }: RowSize): number {
  const { vision, backbone } = sizeBeforeHead(variants[variant], size);
  const patches = (vision.picture / vision.patch) ** 2;
  const tokens = views * (vision.queries ?? patches) + promptTokens + 1 + actionHorizon;
  const layer = (length: number, { width, mlp, heads }: { width: number; mlp: number; heads: number }) =>
    length * (8 * width + 3 * mlp + 2 * heads * length);
  return 4 * (views * vision.layers * layer(patches, vision) + backbone.layers * layer(tokens, backbone));
}
