import type { Picture } from "../dataset/dataset.ts";
import { allocate, HostArray } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";
import { Mean } from "../validity/mean.ts";

/** Ranges of the random changes to training pictures. */
export interface Augmentation {
  /** Side of the part that is cut out, as a share of the picture's. */
  readonly crop: number;
  /** Largest turn to either side. */
  readonly rotationDegrees: number;
  /** Each colour factor lies within 1 ± this. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Views whose camera moves with the hand: their geometry is what the policy acts on, so only colours change. */
  readonly colourOnly: readonly string[];
}

/**
 * What openpi trains with.
 *
 * @source openpi `models/model.py` `preprocess_observation`
 */
export const usualAugmentation: Augmentation = {
  crop: 0.95,
  rotationDegrees: 5,
  brightness: 0.3,
  contrast: 0.4,
  saturation: 0.5,
  colourOnly: ["left_wrist", "right_wrist", "wrist"],
};

/** Which picture is changed: observation slots of one sample share the key, and with it the change. */
export interface AugmentationKey {
  readonly seed: number;
  readonly dataset: string;
  readonly view: string;
  readonly episode: number;
  readonly frame: number;
  /** How often the sample has been drawn before. */
  readonly draw: number;
}

/** One change of a picture, with numbers. */
export interface Change {
  readonly crop: number;
  /** Where the part lies within the room it has: −1 is left or top, 1 is right or bottom. */
  readonly shift: readonly [x: number, y: number];
  readonly radians: number;
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
}

/** The change that belongs to a key. */
export function drawChange(augmentation: Augmentation, key: AugmentationKey): Change {
  const draws = stream(key.seed, "augmentation", key.dataset, key.view);
  const upTo = (at: number, bound: number) => bound * (2 * draws.uniform(at, key.draw, key.frame, key.episode) - 1);
  const isMoving = augmentation.colourOnly.includes(key.view);
  return {
    crop: isMoving ? 1 : augmentation.crop,
    shift: [upTo(0, 1), upTo(1, 1)],
    radians: isMoving ? 0 : (upTo(2, augmentation.rotationDegrees) * Math.PI) / 180,
    brightness: 1 + upTo(3, augmentation.brightness),
    contrast: 1 + upTo(4, augmentation.contrast),
    saturation: 1 + upTo(5, augmentation.saturation),
  };
}

/** A picture of the same size, changed in colour and cut, turned and scaled back in one bilinear step; black where nothing was. */
export function augment(picture: Picture, change: Change): Picture {
  return warp(recolour(picture, change), picture.shape, change);
}

/**
 * Brightness, then contrast about the mean grey, then saturation about each pixel's grey, clipped after each.
 *
 * @source torchvision `ColorJitter`, in this order
 */
function recolour({ cells }: Picture, { brightness, contrast, saturation }: Change): Float32Array {
  const out = new Float32Array(cells.length);
  let greys = 0;
  for (let at = 0; at < cells.length; at += 3) {
    for (let c = at; c < at + 3; c++) out[c] = clip(cells[c]! * brightness);
    greys += grey(out, at);
  }
  const meanGrey = new Mean(greys, cells.length / 3).value ?? 0;
  for (let at = 0; at < out.length; at += 3) {
    for (let c = at; c < at + 3; c++) out[c] = clip(meanGrey + contrast * (out[c]! - meanGrey));
    const own = grey(out, at);
    for (let c = at; c < at + 3; c++) out[c] = clip(own + saturation * (out[c]! - own));
  }
  return out;
}

function warp(pixels: Float32Array, shape: readonly number[], { crop, shift, radians }: Change): Picture {
  const [height, width] = [shape[0]!, shape[1]!];
  const plane = { pixels, height, width };
  const out = allocate("uint8", pixels.length);
  const [cosine, sine] = [crop * Math.cos(radians), crop * Math.sin(radians)];
  const centerX = (width / 2) * (1 + (1 - crop) * shift[0]) - 0.5;
  const centerY = (height / 2) * (1 + (1 - crop) * shift[1]) - 0.5;
  const color = new Float64Array(3);
  for (let y = 0, at = 0; y < height; y++) {
    const fromY = y + 0.5 - height / 2;
    for (let x = 0; x < width; x++, at += 3) {
      const fromX = x + 0.5 - width / 2;
      sample(color, plane, centerX + cosine * fromX - sine * fromY, centerY + sine * fromX + cosine * fromY);
      for (let c = 0; c < 3; c++) out[at + c] = Math.floor(color[c]! + 0.5);
    }
  }
  return new HostArray("h w c", [height, width, 3], "uint8", out);
}

interface Plane {
  readonly pixels: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** The colour at a point; pixel `i` reaches from `i − ½` to `i + ½`, and at the rim its colour goes on to its edge. */
function sample(out: Float64Array, { pixels, height, width }: Plane, x: number, y: number): void {
  out.fill(0);
  if (x < -0.5 || x > width - 0.5 || y < -0.5 || y > height - 0.5) return;
  const [left, top] = [Math.floor(x), Math.floor(y)];
  for (let corner = 0; corner < 4; corner++) {
    const column = left + (corner & 1);
    const row = top + (corner >> 1);
    const weight = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
    const from = (within(row, height) * width + within(column, width)) * 3;
    for (let c = 0; c < 3; c++) out[c]! += weight * pixels[from + c]!;
  }
}

function within(at: number, size: number): number {
  return Math.min(size - 1, Math.max(0, at));
}

function grey(pixels: Float32Array, at: number): number {
  return 0.299 * pixels[at]! + 0.587 * pixels[at + 1]! + 0.114 * pixels[at + 2]!;
}

function clip(value: number): number {
  return Math.min(255, Math.max(0, value));
}
