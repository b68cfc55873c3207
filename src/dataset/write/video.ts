import { rm } from "node:fs/promises";
import type { CodecContext, FormatContext, Packet, Stream } from "node-av/lib";
import { InputError } from "../../input-error.ts";
import type { Picture } from "../dataset.ts";
import { type Libav, loadLibav } from "../libav.ts";
import type { WrittenCodec } from "./description.ts";
import { planes } from "./planes.ts";

/** How a video is to be. */
export interface VideoFormat {
  readonly height: number;
  readonly width: number;
  readonly framesPerSecond: number;
  readonly codec: WrittenCodec;
}

/**
 * Encoders by codec, with settings that keep coloured edges and give equal bits for equal pictures.
 *
 * x264 that looks ahead ends a few slices in a thousand otherwise from one run to the next, though they decode to the same.
 */
const encoders = {
  h264: {
    encoder: "FF_ENCODER_LIBX264",
    settings: { preset: "veryfast", crf: "18", "x264-params": "mbtree=0:rc-lookahead=0" },
  },
  av1: { encoder: "FF_ENCODER_LIBSVTAV1", settings: { preset: "10", crf: "24", "svtav1-params": "lp=1" } },
  "h264-lossless": { encoder: "FF_ENCODER_LIBX264RGB", settings: { preset: "ultrafast", qp: "0" } },
} as const;

/** Every so many frames one can be decoded by itself, so that random frames are near. */
const keyframeEvery = 8;
/** Ticks of a frame in the file: any frame's time is then exact. */
const ticksPerFrame = 1024;

/**
 * FFmpeg's libraries, for writing.
 *
 * @throws InputError if `node-av` is not installed here
 */
export async function needLibav(): Promise<Libav> {
  const libav = await loadLibav();
  if (libav !== null) return libav;
  throw new InputError(
    "video: writing needs the optional package node-av, which is not installed; install packages with --include=optional",
  );
}

/** A video that is being written, a picture at a time. */
export class VideoWriter {
  readonly #libav: Libav;
  readonly #format: VideoFormat;
  readonly #codec: CodecContext;
  readonly #file: Mp4;
  readonly #packet: Packet;
  #frames = 0;

  /** @throws Error if the file cannot be written or the codec is missing */
  constructor(libav: Libav, path: string, format: VideoFormat) {
    const { library } = libav;
    this.#libav = libav;
    this.#format = format;
    this.#codec = openEncoder(libav, format);
    this.#file = new Mp4(libav, path, (stream) => stream.codecpar.fromContext(this.#codec), format.framesPerSecond);
    this.#packet = new library.Packet();
    this.#packet.alloc();
  }

  add(picture: Picture): void {
    const { library, constants } = this.#libav;
    const { height, width, framesPerSecond, codec } = this.#format;
    const pts = BigInt(this.#frames++);
    const timeBase = { num: 1, den: framesPerSecond };
    const isExact = codec === "h264-lossless";
    const frame = library.Frame.fromVideoBuffer(Buffer.from(isExact ? picture.cells : planes(picture)), {
      width,
      height,
      format: isExact ? constants.AV_PIX_FMT_RGB24 : constants.AV_PIX_FMT_YUV420P,
      timeBase,
      pts,
    });
    frame.colorSpace = this.#codec.colorSpace;
    frame.colorRange = this.#codec.colorRange;
    const status = this.#codec.sendFrameSync(frame);
    frame.free();
    check(this.#libav, status);
    this.#drain();
  }

  finish(): void {
    check(this.#libav, this.#codec.sendFrameSync(null));
    this.#drain();
    this.#file.finish();
    this.#free();
  }

  /** Gives the video up. */
  abandon(): void {
    this.#file.close();
    this.#free();
  }

  #drain(): void {
    while (this.#codec.receivePacketSync(this.#packet) >= 0) {
      this.#packet.duration = 1n;
      this.#packet.rescaleTs({ num: 1, den: this.#format.framesPerSecond }, this.#file.timeBase);
      this.#file.write(this.#packet);
    }
  }

  #free(): void {
    this.#packet.free();
    this.#codec.freeContext();
  }
}

/** A part of a video that is to be joined to others. */
export interface VideoPiece {
  readonly path: string;
  /** Frames of it that count, from the first on. */
  readonly frames: number;
}

/** Writes videos of one format one after the other into a new file, without decoding them. */
export async function joinVideos(libav: Libav, pieces: readonly VideoPiece[], out: string, format: VideoFormat) {
  await rm(out, { force: true });
  const { library } = libav;
  const packet = new library.Packet();
  packet.alloc();
  let file: Mp4 | null = null;
  let joined = 0;
  try {
    for (const { path, frames } of pieces) {
      const input = new library.FormatContext();
      check(libav, input.openInputSync(`file:${path}`));
      try {
        const stream = input.streams[0];
        if (stream === undefined) throw new Error(`${path}: expected a video, got none`);
        const { timeBase } = stream;
        const describe = (made: Stream) => {
          stream.codecpar.copy(made.codecpar);
          // That of what was joined before would stand in the file, and so how often it was joined.
          made.codecpar.bitRate = 0n;
        };
        file ??= new Mp4(libav, out, describe, format.framesPerSecond);
        for (let frame = 0; frame < frames; frame++) {
          check(libav, input.readFrameSync(packet));
          packet.rescaleTs(timeBase, file.timeBase);
          packet.pts = packet.dts = BigInt((joined + frame) * ticksPerFrame);
          packet.duration = BigInt(ticksPerFrame);
          file.write(packet);
        }
      } finally {
        input.closeInputSync();
      }
      joined += frames;
    }
    file?.finish();
  } finally {
    packet.free();
  }
}

/** An mp4 file of one video stream, being written. */
class Mp4 {
  readonly #libav: Libav;
  readonly #format: FormatContext;
  readonly #stream: Stream;
  /** Ticks of the file, asked for once: each question goes through the library. */
  readonly timeBase: Stream["timeBase"];

  constructor(libav: Libav, path: string, describe: (stream: Stream) => unknown, framesPerSecond: number) {
    const { library } = libav;
    this.#libav = libav;
    this.#format = new library.FormatContext();
    check(libav, this.#format.allocOutputContext2(null, "mp4", `file:${path}`));
    check(libav, this.#format.openOutputSync());
    this.#stream = this.#format.newStream(null);
    describe(this.#stream);
    this.#stream.timeBase = new library.Rational(1, framesPerSecond * ticksPerFrame);
    // Without the rate readers take it from the times, and see 4500/149 in place of 30/1.
    this.#stream.avgFrameRate = new library.Rational(framesPerSecond, 1);
    check(libav, this.#format.writeHeaderSync());
    this.timeBase = this.#stream.timeBase;
  }

  write(packet: Packet): void {
    packet.streamIndex = this.#stream.index;
    check(this.#libav, this.#format.interleavedWriteFrameSync(packet));
    packet.unref();
  }

  finish(): void {
    check(this.#libav, this.#format.writeTrailerSync());
    this.close();
  }

  close(): void {
    this.#format.closeOutputSync();
  }
}

function openEncoder(libav: Libav, { height, width, framesPerSecond, codec }: VideoFormat): CodecContext {
  const { library, constants } = libav;
  const { settings } = encoders[codec];
  const name = constants[encoders[codec].encoder];
  const encoder = library.Codec.findEncoderByName(name);
  if (encoder === null)
    throw new InputError(`video: expected node-av with ${name}, got one without; take another codec`);
  const context = new library.CodecContext();
  context.allocContext3(encoder);
  context.width = width;
  context.height = height;
  const isExact = codec === "h264-lossless";
  context.pixelFormat = isExact ? constants.AV_PIX_FMT_RGB24 : constants.AV_PIX_FMT_YUV420P;
  context.timeBase = new library.Rational(1, framesPerSecond);
  context.framerate = new library.Rational(framesPerSecond, 1);
  context.gopSize = keyframeEvery;
  // Frames stand in the file in the order in which they are shown.
  context.maxBFrames = 0;
  // As `planes` has it; what is not said readers guess.
  context.colorSpace = isExact ? constants.AVCOL_SPC_RGB : constants.AVCOL_SPC_SMPTE170M;
  context.colorRange = isExact ? constants.AVCOL_RANGE_JPEG : constants.AVCOL_RANGE_MPEG;
  // More threads would cut pictures into other slices on other machines.
  context.threadCount = 1;
  context.flags = constants.AV_CODEC_FLAG_GLOBAL_HEADER;
  // Options go in one by one: a dictionary that an encoder was opened with is freed twice by node-av 6.1.
  for (const [option, value] of Object.entries(settings))
    check(libav, context.setOption(option, value, constants.AV_OPT_TYPE_STRING, constants.AV_OPT_SEARCH_CHILDREN));
  check(libav, context.open2Sync(encoder));
  return context;
}

function check(libav: Libav, status: number): void {
  if (status < 0) throw new Error(libav.library.FFmpegError.strerror(status));
}
