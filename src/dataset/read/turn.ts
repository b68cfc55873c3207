import { HostArray } from "../../graph/host-array.ts";
import type { Fit, Picture } from "../dataset.ts";
import type { QuarterTurns } from "./film-index.ts";

/** The size that a picture has to fit before it is turned, so that it fits `fit` afterwards. */
export function fitBeforeTurn({ height, width }: Fit, quarterTurns: QuarterTurns): Fit {
  return quarterTurns % 2 === 0 ? { height, width } : { height: width, width: height };
}

/** A picture turned clockwise. */
export function turned(picture: Picture, quarterTurns: QuarterTurns): Picture {
  if (quarterTurns === 0) return picture;
  const [height = 0, width = 0] = picture.shape;
  const { height: rows, width: columns } = fitBeforeTurn({ height, width }, quarterTurns);
  const cells = new Uint8Array(picture.cells.length);
  for (let y = 0, out = 0; y < rows; y++)
    for (let x = 0; x < columns; x++, out += 3) {
      const from = 3 * sourceOf(y, x, { height, width }, quarterTurns);
      for (let channel = 0; channel < 3; channel++) cells[out + channel] = picture.cells[from + channel]!;
    }
  return new HostArray("h w c", [rows, columns, 3], "uint8", cells);
}

/** Which pixel of a picture, counted row by row, comes to stand at `(y, x)`. */
function sourceOf(y: number, x: number, { height, width }: Fit, quarterTurns: QuarterTurns): number {
  switch (quarterTurns) {
    case 0:
      return y * width + x;
    case 1:
      return (height - 1 - x) * width + y;
    case 2:
      return (height - 1 - y) * width + (width - 1 - x);
    case 3:
      return x * width + (width - 1 - y);
  }
}
