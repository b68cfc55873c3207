import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { CodecContext, Packet } from "node-av/lib";
import type { Picture } from "../dataset.ts";
import { type Libav, loadLibav } from "../libav.ts";
import { readFilmIndex } from "../read/film-index.ts";
import type { Clip } from "../read/picture-reader.ts";

/** A film that a test writes: 96 × 64, its picture's number in eight vertical bars, the lowest bit at the left. */
export interface FilmFixture {
  readonly encoder: "libx264" | "libx265" | "libsvtav1" | "libvpx-vp9" | "mpeg4";
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
const bars = 8;

/** Writes a film as MP4. */
export async function writeFilm(path: string, film: FilmFixture): Promise<void> {
  const libav = await loadLibav();
  if (libav === null) throw new Error("this fixture needs node-av");
  const { library } = libav;
  await mkdir(dirname(path), { recursive: true });
  const codec = openEncoder(libav, film);
  const format = new library.FormatContext();
  check(libav, format.allocOutputContext2(null, "mp4", path));
  check(libav, format.openOutputSync());
  const stream = format.newStream(null);
  stream.codecpar.fromContext(codec);
  stream.timeBase = new library.Rational(1, film.timescale);
  check(libav, format.writeHeaderSync());
  const write = (packet: Packet) => {
    packet.streamIndex = stream.index;
    // Without one the last picture is shown for no time at all, and readers pass over it.
    packet.duration = BigInt(film.ticks.at(-1)! - film.ticks.at(-2)!);
    packet.rescaleTs({ num: 1, den: film.timescale }, stream.timeBase);
    check(libav, format.interleavedWriteFrameSync(packet));
  };
  for (const [picture, ticks] of film.ticks.entries()) {
    const frame = numbered(libav, film.numbers(picture), { pts: BigInt(ticks), timescale: film.timescale });
    check(libav, codec.sendFrameSync(frame));
    drain(libav, codec, write);
    frame.free();
  }
  check(libav, codec.sendFrameSync(null));
  drain(libav, codec, write);
  check(libav, format.writeTrailerSync());
  format.closeOutputSync();
  codec.freeContext();
}

/** The number that a picture of such a film shows, whatever its size. */
export function numberOf({ shape, cells }: Picture): number {
  const [rows = 0, columns = 0] = shape;
  let number = 0;
  for (let bar = 0; bar < bars; bar++) {
    const at = (Math.floor(rows / 2) * columns + Math.floor(((bar + 0.5) * columns) / bars)) * 3;
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

function openEncoder(libav: Libav, { encoder, timescale, bFrames, keyframeEvery }: FilmFixture): CodecContext {
  const { library, constants } = libav;
  const found = library.Codec.findEncoderByName(encoder as Parameters<typeof library.Codec.findEncoderByName>[0]);
  if (found === null) throw new Error(`node-av: expected an encoder ${encoder}`);
  const codec = new library.CodecContext();
  codec.allocContext3(found);
  codec.width = width;
  codec.height = height;
  codec.pixelFormat = constants.AV_PIX_FMT_YUV420P;
  codec.timeBase = new library.Rational(1, timescale);
  codec.framerate = new library.Rational(30, 1);
  codec.gopSize = keyframeEvery;
  codec.maxBFrames = bFrames;
  codec.bitRate = 4_000_000n;
  codec.threadCount = 1;
  codec.flags = constants.AV_CODEC_FLAG_GLOBAL_HEADER;
  check(libav, codec.open2Sync(found));
  return codec;
}

function numbered({ library, constants }: Libav, number: number, at: { pts: bigint; timescale: number }) {
  const row = Buffer.from(
    Array.from({ length: width }, (_, x) => ((number >> Math.floor((x * bars) / width)) & 1 ? 235 : 16)),
  );
  const luma = Buffer.concat(Array.from({ length: height }, () => row));
  const pixels = Buffer.concat([luma, Buffer.alloc((width * height) / 2, 128)]);
  const format = constants.AV_PIX_FMT_YUV420P;
  return library.Frame.fromVideoBuffer(pixels, {
    width,
    height,
    format,
    timeBase: { num: 1, den: at.timescale },
    pts: at.pts,
  });
}

function drain(libav: Libav, codec: CodecContext, see: (packet: Packet) => void): void {
  const packet = new libav.library.Packet();
  packet.alloc();
  while (codec.receivePacketSync(packet) >= 0) {
    see(packet);
    packet.unref();
  }
  packet.free();
}

function check(libav: Libav, status: number): void {
  if (status < 0) throw new Error(libav.library.FFmpegError.strerror(status));
}
