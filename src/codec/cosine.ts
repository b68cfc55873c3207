import { type HostArray, zeros } from "../graph/host-array.ts";

/**
 * Orthonormal DCT-II along the steps: coefficient `k` of each dof is `sₖ · Σₙ xₙ · cos(π (2n + 1) k / 2N)`, `s₀ = √(1/N)`, else `√(2/N)`.
 *
 * @param steps `[t d]`
 * @returns `[t d]`: `t` is the frequency
 * @source `scipy.fft.dct(x, axis=0, norm="ortho")`
 */
export function cosines(steps: HostArray<"t d", "float32" | "float64">): HostArray<"t d", "float64"> {
  return turned(steps, (frequency, step, count) => wave(frequency, step, count));
}

/** `cosines`, undone. */
export function fromCosines(coefficients: HostArray<"t d", "float64">): HostArray<"t d", "float64"> {
  return turned(coefficients, (step, frequency, count) => wave(frequency, step, count));
}

function wave(frequency: number, step: number, count: number): number {
  const size = Math.sqrt((frequency === 0 ? 1 : 2) / count);
  return size * Math.cos((Math.PI * (2 * step + 1) * frequency) / (2 * count));
}

/** Each row of the result is the sum of all rows, times what a matrix says. */
function turned(
  { cells, shape }: HostArray<"t d", "float32" | "float64">,
  matrix: (row: number, from: number, count: number) => number,
): HostArray<"t d", "float64"> {
  const [count = 0, dofs = 0] = shape;
  const out = zeros("t d", [count, dofs], "float64");
  for (let row = 0; row < count; row++)
    for (let from = 0; from < count; from++) {
      const share = matrix(row, from, count);
      for (let dof = 0; dof < dofs; dof++) out.cells[row * dofs + dof]! += share * cells[from * dofs + dof]!;
    }
  return out;
}
