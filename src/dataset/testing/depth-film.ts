import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { AVPixelFormat, FFVideoEncoder } from "node-av/constants";
import type { CodecContext, Packet } from "node-av/lib";
import { type Libav, loadLibav } from "../libav.ts";

/** A film of distances that a test writes, at 10 pictures a second. */
export interface DepthFilm {
  readonly encoder: "png" | "ffv1" | "libx265";
  readonly pixelFormat: "gray10le" | "gray12le" | "gray16le" | "gray16be" | "gray8";
  /** MP4 has no place for FFV1. */
  readonly container: "mp4" | "mov";
}

export const depthSize = { height: 16, width: 32 };

/** Writes a film whose picture `k` has the distance `depthOf(k, x)` in column `x`. */
export async function writeDepthFilm(
  path: string,
  { encoder, pixelFormat, container }: DepthFilm,
  pictures: number,
  depthOf: (picture: number, x: number) => number,
): Promise<void> {
  const libav = await loadLibav();
  if (libav === null) throw new Error("this fixture needs node-av");
  const { library } = libav;
  await mkdir(dirname(path), { recursive: true });
  const codec = openEncoder(libav, encoder, formatOf(libav, pixelFormat));
  const file = new library.FormatContext();
  check(libav, file.allocOutputContext2(null, container, path));
  check(libav, file.openOutputSync());
  const stream = file.newStream(null);
  stream.codecpar.fromContext(codec);
  stream.timeBase = new library.Rational(1, 10);
  check(libav, file.writeHeaderSync());
  const write = (packet: Packet) => {
    packet.streamIndex = stream.index;
    packet.duration = 1n;
    packet.rescaleTs({ num: 1, den: 10 }, stream.timeBase);
    check(libav, file.interleavedWriteFrameSync(packet));
  };
  for (let picture = 0; picture < pictures; picture++) {
    const pixels = row(pixelFormat, (x) => depthOf(picture, x));
    const props = { ...depthSize, format: codec.pixelFormat, timeBase: { num: 1, den: 10 }, pts: BigInt(picture) };
    const frame = library.Frame.fromVideoBuffer(Buffer.concat(Array(depthSize.height).fill(pixels)), props);
    check(libav, codec.sendFrameSync(frame));
    drain(libav, codec, write);
    frame.free();
  }
  check(libav, codec.sendFrameSync(null));
  drain(libav, codec, write);
  check(libav, file.writeTrailerSync());
  file.closeOutputSync();
  codec.freeContext();
}

function formatOf({ constants }: Libav, pixelFormat: DepthFilm["pixelFormat"]): AVPixelFormat {
  return {
    gray8: constants.AV_PIX_FMT_GRAY8,
    gray10le: constants.AV_PIX_FMT_GRAY10LE,
    gray12le: constants.AV_PIX_FMT_GRAY12LE,
    gray16le: constants.AV_PIX_FMT_GRAY16LE,
    gray16be: constants.AV_PIX_FMT_GRAY16BE,
  }[pixelFormat];
}

function openEncoder(libav: Libav, encoder: DepthFilm["encoder"], pixelFormat: AVPixelFormat): CodecContext {
  const { library, constants } = libav;
  const encoders: Record<DepthFilm["encoder"], FFVideoEncoder> = {
    png: constants.FF_ENCODER_PNG,
    ffv1: constants.FF_ENCODER_FFV1,
    libx265: constants.FF_ENCODER_LIBX265,
  };
  const found = library.Codec.findEncoderByName(encoders[encoder]);
  if (found === null) throw new Error(`node-av: expected an encoder ${encoder}`);
  const codec = new library.CodecContext();
  codec.allocContext3(found);
  Object.assign(codec, { ...depthSize, pixelFormat, threadCount: 1, gopSize: 4, bitRate: 4_000_000n });
  codec.timeBase = new library.Rational(1, 10);
  codec.framerate = new library.Rational(10, 1);
  codec.flags = constants.AV_CODEC_FLAG_GLOBAL_HEADER;
  check(libav, codec.open2Sync(found));
  return codec;
}

function row(pixelFormat: DepthFilm["pixelFormat"], depthOf: (x: number) => number): Buffer {
  const columns = Array.from({ length: depthSize.width }, (_, x) => depthOf(x));
  if (pixelFormat === "gray8") return Buffer.from(columns);
  const out = Buffer.alloc(2 * columns.length);
  for (const [x, value] of columns.entries())
    if (pixelFormat === "gray16be") out.writeUInt16BE(value, 2 * x);
    else out.writeUInt16LE(value, 2 * x);
  return out;
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
