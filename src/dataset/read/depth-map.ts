import { HostArray } from "../../graph/host-array.ts";
import type { DepthRange, Fit, Picture } from "../dataset.ts";
import { fittedSize } from "./scaler.ts";

/** A picture of distances, in the unit of its file; 0 where none was measured. */
export interface DepthMap {
  readonly height: number;
  readonly width: number;
  /** That of a pixel, counted row by row. */
  depthOf(pixel: number): number;
}

/** FFmpeg's names of greys of more than 8 bits, two bytes each: their bits, and which byte comes first. */
const deepGrey = /^gray(?:9|10|12|14|16)(le|be)$/;

/**
 * Refuses a film whose pixels are not what they are read as.
 *
 * @param pixelFormat FFmpeg's name of how the film holds them
 * @throws Error where distances are wanted and it holds none, and where colours are wanted and it holds distances, which would be dark
 */
export function checkPixels(pixelFormat: string, depth: DepthRange | null): void {
  const isDeep = deepGrey.test(pixelFormat);
  if (depth !== null && !isDeep)
    throw new Error(
      `a depth film of ${pixelFormat}, which does not say which distance a colour is; encode it as greys of 9 bits or more (gray12le, gray16be), or leave it out`,
    );
  if (depth === null && isDeep)
    throw new Error(`a film of ${pixelFormat}, as of a depth camera; declare it as one: is_depth_map`);
}

/**
 * The depth map that a decoded picture of a film is, its numbers as they are stored.
 *
 * @param bytes lines without a gap between them
 * @throws Error if the pixel format is none of distances
 */
export function decodedDepths(bytes: Buffer, pixelFormat: string, { height, width }: Fit): DepthMap {
  const order = deepGrey.exec(pixelFormat)?.[1];
  if (order === undefined) throw new Error(`expected greys of two bytes, got ${pixelFormat}`);
  if (bytes.length < 2 * height * width) throw new Error("a picture that ends early");
  const depthOf = (pixel: number) => (order === "le" ? bytes.readUInt16LE(2 * pixel) : bytes.readUInt16BE(2 * pixel));
  return { height, width, depthOf };
}

/**
 * A depth map as a grey picture: `near` and nearer is black, `far` and further is white, evenly between; 0, which sensors give
 * where they measured nothing, is black. Pixels are chosen and never averaged: between two things there is none.
 */
export function shownDepths({ height, width, depthOf }: DepthMap, { near, far }: DepthRange, fit: Fit): Picture {
  const size = fittedSize(height, width, fit);
  const cells = new Uint8Array(size.height * size.width * 3);
  for (let y = 0, out = 0; y < size.height; y++) {
    const row = Math.floor(((y + 0.5) * height) / size.height);
    for (let x = 0; x < size.width; x++, out += 3) {
      const column = Math.floor(((x + 0.5) * width) / size.width);
      const depth = depthOf(row * width + column);
      const share = depth === 0 ? 0 : (depth - near) / (far - near);
      cells.fill(Math.round(255 * Math.min(1, Math.max(0, share))), out, out + 3);
    }
  }
  return new HostArray("h w c", [size.height, size.width, 3], "uint8", cells);
}
