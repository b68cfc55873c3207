import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { IntegerWeights } from "../graph/lowering.ts";
import type { StoredPlace } from "../graph/onnx.ts";
import type { StoredInputs } from "../graph/program.ts";
import type { ParameterValues } from "../nn/parameter.ts";

/** Weights that a program holds as integers where they are matrices of products, from where they are. */
export function integersOf(weights: ParameterValues | StoredInputs): IntegerWeights {
  if ("folder" in weights) {
    const { folder, places } = weights;
    return {
      has: (name) => places.has(name) && isRounded(name),
      cellsOf: (name) => cellsAt(folder, places.get(name)!),
    };
  }
  return { has: (name) => weights.has(name) && isRounded(name), cellsOf: (name) => weights.get(name)!.cells };
}

/**
 * Maps between a robot's own numbers and tokens, and those of the time, stay as they are: they are few, and with them as integers too
 * actions move up to twice as far (docs/benchmarks.md).
 */
function isRounded(name: string): boolean {
  return !/^(action|state)\./.test(name);
}

/** Read at once and by itself: all of them together may be larger than the memory. */
function cellsAt(folder: string, { file, offset, length }: StoredPlace): Float32Array {
  const cells = new Float32Array(length / Float32Array.BYTES_PER_ELEMENT);
  const handle = openSync(join(folder, file), "r");
  try {
    let done = 0;
    while (done < length) {
      const read = readSync(handle, cells, {
        offset: done,
        length: Math.min(length - done, 2 ** 30),
        position: offset + done,
      });
      if (read === 0) throw new Error(`${file}: expected ${length} bytes at ${offset}, got ${done}`);
      done += read;
    }
    return cells;
  } finally {
    closeSync(handle);
  }
}
