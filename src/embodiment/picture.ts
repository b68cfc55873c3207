import type { Fit, Picture } from "../dataset/dataset.ts";
import { fittedSize } from "../dataset/read/scaler.ts";
import { allocate, HostArray } from "../graph/host-array.ts";
import { blockMeans, hasBlocks } from "./block-mean.ts";

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
  if (hasBlocks(picture, height, width)) return blockMeans(picture, height, width);
  return weighted(picture, areas(ownHeight, height), areas(ownWidth, width));
}

/** For each pixel of a new side, the pixels of the old one that make it up. */
interface Taps {
  /** The first of them. */
  readonly from: Int32Array;
  /** How many there are. */
  readonly counts: Int32Array;
  /** `[wanted most]`: how much each counts, from the first on, to the precision of float32; they sum to 1. */
  readonly weights: Float64Array;
  readonly most: number;
}

/** Sums are in float64, with float32 between the two directions. */
function weighted(picture: Picture, rows: Taps, columns: Taps): Picture {
  const lines = along(picture, columns);
  const [height, width, stride] = [rows.from.length, columns.from.length, columns.from.length * 3];
  const { from, counts, weights, most } = rows;
  const out = allocate("uint8", height * stride);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) {
      let red = 0.5;
      let green = 0.5;
      let blue = 0.5;
      let cell = from[y]! * stride + x * 3;
      for (let k = y * most, end = k + counts[y]!; k < end; k++, cell += stride) {
        const weight = weights[k]!;
        red += weight * lines[cell]!;
        green += weight * lines[cell + 1]!;
        blue += weight * lines[cell + 2]!;
      }
      out[at] = red;
      out[at + 1] = green;
      out[at + 2] = blue;
    }
  return new HostArray("h w c", [height, width, 3], "uint8", out);
}

/** Cells between the two directions, kept from one picture to the next: a server would pause more often to collect what is thrown away. */
let between = new Float32Array(0);

/** `[h x c]`: each row in its new width, until the next call. The channels of a pixel are summed side by side, which takes half the time. */
function along({ cells, shape }: Picture, { from, counts, weights, most }: Taps): Float32Array {
  const [height, own, width] = [shape[0]!, shape[1]!, from.length];
  if (between.length < height * width * 3) between = new Float32Array(height * width * 3);
  const lines = between;
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let cell = (y * own + from[x]!) * 3;
      for (let k = x * most, end = k + counts[x]!; k < end; k++, cell += 3) {
        const weight = weights[k]!;
        red += weight * cells[cell]!;
        green += weight * cells[cell + 1]!;
        blue += weight * cells[cell + 2]!;
      }
      lines[at] = red;
      lines[at + 1] = green;
      lines[at + 2] = blue;
    }
  return lines;
}

/** Cameras and policies have few sizes, and to work their taps out is up to a fifth of what a picture takes in a server. */
function remembered(make: (own: number, wanted: number) => Taps): (own: number, wanted: number) => Taps {
  const known = new Map<string, Taps>();
  return (own, wanted) => {
    const name = `${own} ${wanted}`;
    const taps = known.get(name) ?? make(own, wanted);
    // Whoever sends pictures of any size fills no memory.
    if (known.size === 64) known.clear();
    if (taps.weights.length <= 2 ** 14) known.set(name, taps);
    return taps;
  };
}

const triangles = remembered((own, wanted) => {
  const scale = own / wanted;
  const reach = Math.max(1, scale);
  const center = (at: number) => (at + 0.5) * scale;
  return taps(wanted, {
    from: (at) => Math.max(0, Math.floor(center(at) - reach)),
    to: (at) => Math.min(own, Math.ceil(center(at) + reach)),
    weight: (pixel, at) => Math.max(0, 1 - Math.abs((pixel + 0.5 - center(at)) / reach)),
  });
});

/** The two pixels next to where a new one lies. @source torch `interpolate(mode="bilinear", align_corners=False)` */
const nearest = remembered((own, wanted) => {
  const place = (at: number) => Math.max(0, ((at + 0.5) * own) / wanted - 0.5);
  const from = (at: number) => Math.min(own - 1, Math.floor(place(at)));
  return taps(wanted, {
    from,
    to: (at) => Math.min(own, from(at) + 2),
    weight: (pixel, at) => Math.max(0, 1 - Math.abs(pixel - place(at))),
  });
});

const areas = remembered((own, wanted) => {
  const scale = own / wanted;
  return taps(wanted, {
    from: (at) => Math.floor(at * scale),
    to: (at) => Math.min(own, Math.ceil((at + 1) * scale)),
    weight: (pixel, at) => Math.max(0, Math.min(pixel + 1, (at + 1) * scale) - Math.max(pixel, at * scale)),
  });
});

/** Of a new pixel: the old pixels from where to where, and how much one of them counts before all sum to 1. */
interface Reach {
  from(at: number): number;
  to(at: number): number;
  weight(pixel: number, at: number): number;
}

function taps(wanted: number, reach: Reach): Taps {
  const from = Int32Array.from({ length: wanted }, (_, at) => reach.from(at));
  const counts = from.map((first, at) => reach.to(at) - first);
  const most = counts.reduce((one, other) => Math.max(one, other), 0);
  const weights = new Float64Array(wanted * most);
  for (let at = 0; at < wanted; at++) {
    let total = 0;
    for (let k = 0; k < counts[at]!; k++) total += reach.weight(from[at]! + k, at);
    for (let k = 0; k < counts[at]!; k++) weights[at * most + k] = Math.fround(reach.weight(from[at]! + k, at) / total);
  }
  return { from, counts, weights, most };
}
