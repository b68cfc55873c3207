import type { Picture } from "../dataset/dataset.ts";
import { allocate, HostArray } from "../graph/host-array.ts";

/** Of so many rows the sums of a channel fit into 16 bits. */
const mostRows = Math.floor((2 ** 16 - 1) / 255);

/** Sums over a block's rows, kept from one picture to the next, as the cells of `weighted` are. */
let sums = new Uint16Array(0);

/** Whether a side is a whole number of times another, and a row's bytes can be read four at a time. */
export function hasBlocks({ shape }: Picture, height: number, width: number): boolean {
  const [ownHeight, ownWidth] = [shape[0]!, shape[1]!];
  const isWhole = ownHeight % height === 0 && ownWidth % width === 0;
  return isWhole && ownHeight / height <= mostRows && ownWidth % 4 === 0;
}

/**
 * A picture that is a whole number of times smaller along each side: each pixel the mean of its block, exactly, halves rounded up.
 *
 * Takes half the time of the same sums with weights, and gives the same pixels but for halves, where those decide by their rounding. Two
 * channels are summed in one number, as their sums have 16 bits each.
 *
 * @param picture for which `hasBlocks` holds
 */
export function blockMeans({ cells, shape }: Picture, height: number, width: number): Picture {
  const [rows, columns, stride] = [shape[0]! / height, shape[1]! / width, shape[1]! * 3];
  const out = allocate("uint8", height * width * 3);
  const view = new DataView(cells.buffer, cells.byteOffset, cells.byteLength);
  if (sums.length < stride) sums = new Uint16Array(stride);
  const all = rows * columns;
  for (let y = 0, at = 0; y < height; y++) {
    sumRows(view, { from: y * rows * stride, rows, stride }, sums);
    for (let x = 0, cell = 0; x < width; x++, at += 3) {
      let red = all / 2;
      let green = all / 2;
      let blue = all / 2;
      for (let column = 0; column < columns; column++, cell += 3) {
        red += sums[cell]!;
        green += sums[cell + 1]!;
        blue += sums[cell + 2]!;
      }
      out[at] = red / all;
      out[at + 1] = green / all;
      out[at + 2] = blue / all;
    }
  }
  return new HostArray("h w c", [height, width, 3], "uint8", out);
}

interface Rows {
  /** Where the first begins. */
  readonly from: number;
  readonly rows: number;
  /** Bytes of a row. */
  readonly stride: number;
}

/** Adds rows of bytes to one of 16-bit sums. */
function sumRows(bytes: DataView, { from, rows, stride }: Rows, into: Uint16Array): void {
  for (let at = 0; at < stride; at += 4) {
    let even = 0;
    let odd = 0;
    for (let row = 0, place = from + at; row < rows; row++, place += stride) {
      const four = bytes.getUint32(place, true);
      even += four & 0x00ff00ff;
      odd += (four >>> 8) & 0x00ff00ff;
    }
    into[at] = even;
    into[at + 1] = odd;
    into[at + 2] = even >>> 16;
    into[at + 3] = odd >>> 16;
  }
}
