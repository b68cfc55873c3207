import { readFile, writeFile } from "node:fs/promises";
import type { Picture } from "../dataset.ts";
import { readFilmIndex } from "../read/film-index.ts";
import type { Clip } from "../read/picture-reader.ts";
import { type EncoderName, encodeFilm } from "./encode.ts";

/** A film that a test writes: 96 × 64, its picture's number in eight vertical bars, the lowest bit at the left. */
export interface FilmFixture {
  readonly encoder: EncoderName;
  /** Ticks per second. */
  readonly timescale: number;
  /** When each picture is shown, ascending. */
  readonly ticks: readonly number[];
  /** Pictures in a row that stand in the file in another order than they are shown in. */
  readonly bFrames: number;
  readonly keyframeEvery: number;
  /** How the pictures are numbered. */
  readonly numbers: (picture: number) => number;
}

/** An even film, as most are: `pictures` of them at `rate` a second, numbered from 0. */
export function evenFilm(pictures: number, rate: number | readonly [number, number]): FilmFixture {
  const [timescale, step] = typeof rate === "number" ? [rate * 512, 512] : rate;
  const ticks = Array.from({ length: pictures }, (_, picture) => picture * step);
  return { encoder: "libx264", timescale, ticks, bFrames: 0, keyframeEvery: 12, numbers: (picture) => picture };
}

const width = 96;
const height = 64;
const barCount = 8;

/** Writes a film as MP4. */
export async function writeFilm(path: string, film: FilmFixture): Promise<void> {
  await encodeFilm(path, { ...film, height, width, sampling: "4:2:0" }, (picture) => bars(film.numbers(picture)));
}

/** The number that a picture of such a film shows, whatever its size. */
export function numberOf({ shape, cells }: Picture): number {
  const [rows = 0, columns = 0] = shape;
  let number = 0;
  for (let bar = 0; bar < barCount; bar++) {
    const at = (Math.floor(rows / 2) * columns + Math.floor(((bar + 0.5) * columns) / barCount)) * 3;
    if (cells[at]! > 127) number |= 1 << bar;
  }
  return number;
}

/** A whole film as the clip of one episode. */
export async function wholeClip(path: string): Promise<Clip> {
  const film = await readFilmIndex(path);
  return { path, episode: 0, film, pictures: Int32Array.from(film.times, (_, picture) => picture) };
}

/** Overwrites numbers of a box, counted in bytes from behind its kind: `put("tkhd", (content) => content.writeInt32BE(…))`. */
export async function putInBox(path: string, kind: string, put: (content: Buffer) => void): Promise<void> {
  const bytes = await readFile(path);
  const at = bytes.lastIndexOf(Buffer.from(kind, "latin1"));
  if (at < 0) throw new Error(`expected a box "${kind}" in ${path}`);
  put(bytes.subarray(at + 4));
  await writeFile(path, bytes);
}

/** Says of a film that it is to be shown turned clockwise by so many quarter turns. */
export async function turnFilm(path: string, quarterTurns: 0 | 1 | 2 | 3): Promise<void> {
  const [cosine, sine] = (
    [
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
    ] as const
  )[quarterTurns];
  await putInBox(path, "tkhd", (content) => {
    for (const [entry, value] of [cosine, sine, 0, -sine, cosine].entries())
      content.writeInt32BE(value * 0x10000, 40 + 4 * entry);
  });
}

/** The planes of a numbered picture. */
function bars(number: number): Buffer {
  const level = (x: number) => ((number >> Math.floor((x * barCount) / width)) & 1 ? 235 : 16);
  const row = Buffer.from(Array.from({ length: width }, (_, x) => level(x)));
  const luma = Buffer.concat(Array.from({ length: height }, () => row));
  return Buffer.concat([luma, Buffer.alloc((width * height) / 2, 128)]);
}
