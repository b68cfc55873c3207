import type { Fit, Picture } from "../dataset/dataset.ts";
import { fittedSize } from "../dataset/read/scaler.ts";
import { allocate, HostArray } from "../graph/host-array.ts";

/**
 * How a picture becomes a square, its proportions kept and black around it. Weights depend on it.
 *
 * `antialiased-centred`: in the middle, scaled so that no pixel is passed over. `bilinear-centred` and `bilinear-bottom-right`: each pixel
 * of the square from the four nearest, however many lie between; sides are rounded down.
 *
 * @source `bilinear-centred`: openpi and LeRobot π0 `resize_with_pad_torch`; `bilinear-bottom-right`: LeRobot SmolVLA `resize_with_pad`
 */
export const letterboxes = ["antialiased-centred", "bilinear-centred", "bilinear-bottom-right"] as const;

export type Letterbox = (typeof letterboxes)[number];

/** A picture as a square. @throws RangeError if it has no pixel or other than three channels */
export function squared(picture: Picture, size: number, how: Letterbox): Picture {
  if (how === "antialiased-centred") return letterbox(shrink(picture, { height: size, width: size }), size);
  const [height = 0, width = 0] = picture.shape;
  if (height === size && width === size) return picture;
  const ratio = Math.max(height, width) / size;
  const fitted = (side: number) => Math.max(1, Math.floor(side / ratio));
  return placed(weighted(picture, nearest(height, fitted(height)), nearest(width, fitted(width))), size, how);
}

/** The size to which a picture may be shrunk before it becomes a square. */
export function fitBefore(size: number, how: Letterbox): Fit {
  const side = how === "antialiased-centred" ? size : Number.MAX_SAFE_INTEGER;
  return { height: side, width: side };
}

/**
 * A picture in the middle of a square, its proportions kept, black around it; odd remainders lie below and to the right.
 *
 * A picture whose longer side is `size` already keeps its pixels; any other is scaled bilinearly (antialiased where it shrinks).
 *
 * @throws RangeError if the picture has no pixel or other than three channels
 */
export function letterbox(picture: Picture, size: number): Picture {
  const [height = 0, width = 0, channels] = picture.shape;
  if (height === 0 || width === 0 || channels !== 3)
    throw new RangeError(`letterbox: expected a picture [h w 3], got [${picture.shape.join(" ")}]`);
  const longer = Math.max(height, width);
  const fitted = (side: number) => Math.max(1, Math.round((side * size) / longer));
  const scaled = longer === size ? picture : resize(picture, fitted(height), fitted(width));
  return placed(scaled, size, "antialiased-centred");
}

/** A picture in a black square, in its middle or its last corner. */
function placed(picture: Picture, size: number, how: Letterbox): Picture {
  const [rows, columns] = [picture.shape[0]!, picture.shape[1]!];
  const before = (own: number) => (how === "bilinear-bottom-right" ? size - own : Math.floor((size - own) / 2));
  const out = allocate("uint8", size * size * 3);
  for (let row = 0; row < rows; row++) {
    const line = picture.cells.subarray(row * columns * 3, (row + 1) * columns * 3);
    out.set(line, ((before(rows) + row) * size + before(columns)) * 3);
  }
  return new HostArray("h w c", [size, size, 3], "uint8", out);
}

/**
 * A picture of another size, bilinear: a triangle filter, widened by the scale where the picture shrinks.
 *
 * @source Pillow `Image.resize(…, BILINEAR)`, which `jax.image.resize` with antialiasing follows; rounding is to the nearest
 */
export function resize(picture: Picture, height: number, width: number): Picture {
  const [ownHeight, ownWidth] = [picture.shape[0]!, picture.shape[1]!];
  return weighted(picture, triangles(ownHeight, height), triangles(ownWidth, width));
}

/**
 * A picture that fits a size, its proportions kept, as `Dataset.picture` gives it: each pixel the mean of the area that it covers.
 *
 * A picture that fits already keeps its pixels. A decoder scales before it turns to RGB, this after: real frames differ by a
 * level or two in colour edges.
 */
export function shrink(picture: Picture, fit: Fit): Picture {
  const [ownHeight = 0, ownWidth = 0] = picture.shape;
  const { height, width } = fittedSize(ownHeight, ownWidth, fit);
  if (height === ownHeight && width === ownWidth) return picture;
  return weighted(picture, areas(ownHeight, height), areas(ownWidth, width));
}

/** The pixels of the old side that make up one pixel of the new: the first, and the weight of each from there on. */
interface Taps {
  readonly from: number;
  readonly weights: Float32Array;
}

function weighted(picture: Picture, rows: readonly Taps[], columns: readonly Taps[]): Picture {
  const [ownHeight, ownWidth] = [picture.shape[0]!, picture.shape[1]!];
  const [height, width] = [rows.length, columns.length];
  const lines = new Float32Array(ownHeight * width * 3);
  for (let y = 0, at = 0; y < ownHeight; y++)
    for (const { from, weights } of columns)
      for (let c = 0; c < 3; c++, at++) {
        let sum = 0;
        for (let k = 0, cell = (y * ownWidth + from) * 3 + c; k < weights.length; k++, cell += 3)
          sum += weights[k]! * picture.cells[cell]!;
        lines[at] = sum;
      }
  const out = allocate("uint8", height * width * 3);
  const stride = width * 3;
  for (let y = 0, at = 0; y < height; y++) {
    const { from, weights } = rows[y]!;
    for (let x = 0; x < stride; x++, at++) {
      let sum = 0.5;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * lines[(from + k) * stride + x]!;
      out[at] = Math.floor(sum);
    }
  }
  return new HostArray("h w c", [height, width, 3], "uint8", out);
}

function triangles(own: number, wanted: number): Taps[] {
  const scale = own / wanted;
  const reach = Math.max(1, scale);
  return Array.from({ length: wanted }, (_, at) => {
    const center = (at + 0.5) * scale;
    const from = Math.max(0, Math.floor(center - reach));
    const to = Math.min(own, Math.ceil(center + reach));
    return taps(from, to, (pixel) => Math.max(0, 1 - Math.abs((pixel + 0.5 - center) / reach)));
  });
}

/** The two pixels next to where a new one lies. @source torch `interpolate(mode="bilinear", align_corners=False)` */
function nearest(own: number, wanted: number): Taps[] {
  return Array.from({ length: wanted }, (_, at) => {
    const place = Math.max(0, ((at + 0.5) * own) / wanted - 0.5);
    const from = Math.min(own - 1, Math.floor(place));
    return taps(from, Math.min(own, from + 2), (pixel) => Math.max(0, 1 - Math.abs(pixel - place)));
  });
}

function areas(own: number, wanted: number): Taps[] {
  const scale = own / wanted;
  return Array.from({ length: wanted }, (_, at) => {
    const [begin, end] = [at * scale, (at + 1) * scale];
    const from = Math.floor(begin);
    const to = Math.min(own, Math.ceil(end));
    return taps(from, to, (pixel) => Math.max(0, Math.min(pixel + 1, end) - Math.max(pixel, begin)));
  });
}

function taps(from: number, to: number, weightOf: (pixel: number) => number): Taps {
  const weights = Array.from({ length: to - from }, (_, k) => weightOf(from + k));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { from, weights: Float32Array.from(weights, (weight) => weight / total) };
}
