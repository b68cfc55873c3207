import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { AVCodecID, AVPixelFormat } from "node-av/constants";
import type { Codec, CodecContext, Packet } from "node-av/lib";
import { type Libav, loadLibav } from "../libav.ts";

export type EncoderName = "libx264" | "libx265" | "libsvtav1" | "libvpx-vp9" | "mpeg4";

/** How colours are stored: one for four pixels, or one for each; `full` is the range of JPEG, 0 to 255. */
export type Sampling = "4:2:0" | "4:4:4" | "4:2:0 full" | "rgb";

/** How pictures become a film. */
export interface Encoding {
  readonly encoder: EncoderName;
  readonly sampling: Sampling;
  readonly height: number;
  readonly width: number;
  /** Ticks per second. */
  readonly timescale: number;
  /** When each picture is shown, ascending. */
  readonly ticks: readonly number[];
  /** Pictures in a row that stand in the file in another order than they are shown in. */
  readonly bFrames: number;
  readonly keyframeEvery: number;
}

/**
 * Writes a film as MP4.
 *
 * @param pixels of a picture, its planes one after the other
 */
export async function encodeFilm(path: string, how: Encoding, pixels: (picture: number) => Buffer): Promise<void> {
  const libav = await needLibav();
  const { library } = libav;
  await mkdir(dirname(path), { recursive: true });
  const found = library.Codec.findEncoderByName(how.encoder as Parameters<typeof library.Codec.findEncoderByName>[0]);
  const codec = openEncoder(libav, found, how);
  const format = new library.FormatContext();
  check(libav, format.allocOutputContext2(null, "mp4", path));
  check(libav, format.openOutputSync());
  const stream = format.newStream(null);
  stream.codecpar.fromContext(codec);
  stream.timeBase = new library.Rational(1, how.timescale);
  check(libav, format.writeHeaderSync());
  // Without one the last picture is shown for no time at all, and readers pass over it.
  const duration = how.ticks.at(-1)! - (how.ticks.at(-2) ?? how.ticks.at(-1)! - Math.ceil(how.timescale / 30));
  const write = (packet: Packet) => {
    packet.streamIndex = stream.index;
    packet.duration = BigInt(duration);
    packet.rescaleTs({ num: 1, den: how.timescale }, stream.timeBase);
    check(libav, format.interleavedWriteFrameSync(packet));
  };
  for (const [picture, ticks] of how.ticks.entries())
    feed(libav, codec, { ...how, pixels: pixels(picture), ticks: BigInt(ticks) }, write);
  check(libav, codec.sendFrameSync(null));
  drain(codec, libav, write);
  check(libav, format.writeTrailerSync());
  format.closeOutputSync();
  codec.freeContext();
}

/** The bytes of a PNG (of `rgb`) or a JPEG file (of `4:2:0 full`). */
export async function encodeStill(
  kind: "png" | "jpeg",
  size: { readonly height: number; readonly width: number },
  pixels: Buffer,
): Promise<Uint8Array> {
  const libav = await needLibav();
  const { constants, library } = libav;
  const sampling = kind === "png" ? "rgb" : "4:2:0 full";
  const id: AVCodecID = kind === "png" ? constants.AV_CODEC_ID_PNG : constants.AV_CODEC_ID_MJPEG;
  const how = { ...size, sampling, timescale: 10, bFrames: 0, keyframeEvery: 1 } as const;
  const codec = openEncoder(libav, library.Codec.findEncoder(id), how);
  let bytes = new Uint8Array(0);
  const see = (packet: Packet) => {
    bytes = Uint8Array.from(packet.data ?? []);
  };
  feed(libav, codec, { ...how, pixels, ticks: 0n }, see);
  check(libav, codec.sendFrameSync(null));
  drain(codec, libav, see);
  codec.freeContext();
  return bytes;
}

type Settings = Omit<Encoding, "encoder" | "ticks">;

function openEncoder(libav: Libav, found: Codec | null, how: Settings): CodecContext {
  const { library, constants } = libav;
  if (found === null) throw new Error("node-av: expected the encoder that a test needs");
  const codec = new library.CodecContext();
  codec.allocContext3(found);
  codec.width = how.width;
  codec.height = how.height;
  codec.pixelFormat = formatOf(libav, how.sampling);
  codec.timeBase = new library.Rational(1, how.timescale);
  codec.framerate = new library.Rational(30, 1);
  codec.gopSize = how.keyframeEvery;
  codec.maxBFrames = how.bFrames;
  codec.bitRate = 4_000_000n;
  codec.threadCount = 1;
  codec.flags = constants.AV_CODEC_FLAG_GLOBAL_HEADER;
  check(libav, codec.open2Sync(found));
  return codec;
}

function formatOf({ constants }: Libav, sampling: Sampling): AVPixelFormat {
  switch (sampling) {
    case "4:2:0":
      return constants.AV_PIX_FMT_YUV420P;
    case "4:4:4":
      return constants.AV_PIX_FMT_YUV444P;
    case "4:2:0 full":
      return constants.AV_PIX_FMT_YUVJ420P;
    case "rgb":
      return constants.AV_PIX_FMT_RGB24;
  }
}

interface Fed {
  readonly height: number;
  readonly width: number;
  readonly sampling: Sampling;
  readonly timescale: number;
  readonly pixels: Buffer;
  readonly ticks: bigint;
}

function feed(libav: Libav, codec: CodecContext, fed: Fed, see: (packet: Packet) => void): void {
  const { height, width, timescale, pixels, ticks: pts } = fed;
  const format = formatOf(libav, fed.sampling);
  const properties = { width, height, format, timeBase: { num: 1, den: timescale }, pts };
  const frame = libav.library.Frame.fromVideoBuffer(pixels, properties);
  check(libav, codec.sendFrameSync(frame));
  drain(codec, libav, see);
  frame.free();
}

function drain(codec: CodecContext, libav: Libav, see: (packet: Packet) => void): void {
  const packet = new libav.library.Packet();
  packet.alloc();
  while (codec.receivePacketSync(packet) >= 0) {
    see(packet);
    packet.unref();
  }
  packet.free();
}

async function needLibav(): Promise<Libav> {
  // SVT-AV1 describes itself on standard error, whatever libav's own log level is; 1 is errors.
  process.env.SVT_LOG = "1";
  const libav = await loadLibav();
  if (libav === null) throw new Error("this fixture needs node-av");
  return libav;
}

function check(libav: Libav, status: number): void {
  if (status < 0) throw new Error(libav.library.FFmpegError.strerror(status));
}
