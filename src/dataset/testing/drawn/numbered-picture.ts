import type { Picture } from "../../dataset.ts";
import type { QuarterTurns } from "../../read/film-index.ts";
import type { Sampling } from "../encode.ts";

/** What a picture shows: its number, 0 to 255, and the tint of the film or table that it is from, 0 to 3. */
export interface Shown {
  readonly number: number;
  readonly tint: number;
}

interface Size {
  readonly height: number;
  readonly width: number;
}

/** The number's bits are blocks, four beside each other in two lines, the lowest at the top left. */
const [across, down] = [4, 2];

/** Brightness of a block, and the distance of both colour differences from grey, in the narrow range of video. */
const [dark, bright, colour] = [80, 180, 28];

/** The planes of a picture, or its pixels where they are red, green and blue. */
export function pixelsOf(shown: Shown, { height, width }: Size, sampling: Sampling): Buffer {
  const luma = Buffer.alloc(height * width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) luma[y * width + x] = lit(shown, x / width, y / height) ? bright : dark;
  const [blue, red] = differences(shown);
  if (sampling === "rgb") return rgbOf(luma, blue, red);
  const half = sampling === "4:4:4" ? 1 : 2;
  const cells = Math.ceil(height / half) * Math.ceil(width / half);
  const [range, black] = sampling === "4:2:0 full" ? [255 / 219, 16] : [1, 0];
  const chroma = (difference: number) => Buffer.alloc(cells, 128 + difference * range);
  return Buffer.concat([luma.map((level) => (level - black) * range), chroma(blue), chroma(red)]);
}

/** What a decoded picture shows, whatever its size, once it has been turned upright by so many quarter turns. */
export function readPicture({ shape, cells }: Picture, quarterTurns: QuarterTurns): Shown {
  const [height = 0, width = 0] = shape;
  const means = Array.from({ length: across * down }, (_, bit) => {
    const [x, y] = turned([((bit % across) + 0.5) / across, (Math.floor(bit / across) + 0.5) / down], quarterTurns);
    const at = 3 * (Math.floor(y * height) * width + Math.floor(x * width));
    return [cells[at] ?? 0, cells[at + 1] ?? 0, cells[at + 2] ?? 0] as const;
  });
  let number = 0;
  let [blue, red] = [0, 0];
  for (const [bit, [r, g, b]] of means.entries()) {
    const luma = 0.299 * r + 0.587 * g + 0.114 * b;
    if (luma > threshold) number |= 1 << bit;
    blue += b - luma;
    red += r - luma;
  }
  return { number, tint: (blue > 0 ? 1 : 0) + (red > 0 ? 2 : 0) };
}

/** Halfway between dark and bright, 0 to 255. */
const threshold = (((dark + bright) / 2 - 16) * 255) / 219;

function lit({ number }: Shown, x: number, y: number): boolean {
  return ((number >> (Math.floor(y * down) * across + Math.floor(x * across))) & 1) === 1;
}

function differences({ tint }: Shown): [number, number] {
  return [(tint & 1) === 1 ? colour : -colour, (tint & 2) === 2 ? colour : -colour];
}

/** @source ITU-R BT.601: the same colours as red, green and blue */
function rgbOf(luma: Buffer, blue: number, red: number): Buffer {
  const out = Buffer.alloc(3 * luma.length);
  for (const [pixel, level] of luma.entries()) {
    const y = ((level - 16) * 255) / 219;
    const [r, g, b] = [y + 1.596 * red, y - 0.392 * blue - 0.813 * red, y + 2.017 * blue];
    out.set([Math.round(r), Math.round(g), Math.round(b)], 3 * pixel);
  }
  return out;
}

/** Where a point, in shares of width and height, comes to stand when its picture is turned clockwise. */
function turned([x, y]: readonly [number, number], quarterTurns: QuarterTurns): readonly [number, number] {
  switch (quarterTurns) {
    case 0:
      return [x, y];
    case 1:
      return [1 - y, x];
    case 2:
      return [1 - x, 1 - y];
    case 3:
      return [y, 1 - x];
  }
}
