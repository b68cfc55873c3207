/** A matrix of 8-bit integers, row by row: its cell `[i, j]` is about `cells[i, j] · scales[j]`. */
export interface IntegerMatrix {
  /** `[i j]`, −127 to 127. */
  readonly cells: Int8Array;
  /** `[j]` */
  readonly scales: Float32Array;
}

/** Where the cells of a matrix stand in an array: that of row `i` and column `j` at `rows[i] + columns[j]`. */
export interface MatrixPlaces {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

/** The largest integer on both sides of 0. */
export const largestInteger = 127;

/**
 * A matrix as 8-bit integers, with a scale for each column: the largest cell of a column is ±127, and none moves by more than half of
 * the column's scale.
 *
 * @throws RangeError where a cell is not finite
 */
export function integerMatrix(weights: Float32Array, { rows, columns }: MatrixPlaces): IntegerMatrix {
  const width = columns.length;
  const matrix = { cells: new Int8Array(rows.length * width), scales: new Float32Array(width) };
  for (let column = 0; column < width; column++) {
    const first = columns[column]!;
    const largest = largestOf(weights, rows, first);
    if (largest === 0) continue;
    const scale = Math.fround(largest / largestInteger);
    matrix.scales[column] = scale;
    for (let row = 0; row < rows.length; row++)
      matrix.cells[row * width + column] = Math.round(weights[first + rows[row]!]! / scale);
  }
  return matrix;
}

/** Largest magnitude of one column. */
function largestOf(weights: Float32Array, rows: Int32Array, first: number): number {
  let largest = 0;
  for (const place of rows) {
    const size = Math.abs(weights[first + place]!);
    if (!(size < Infinity))
      throw new RangeError(`integerMatrix: expected finite weights, got ${weights[first + place]}`);
    if (size > largest) largest = size;
  }
  return largest;
}
