import type { Frame, SoftwareScaleContext } from "node-av/lib";
import { HostArray } from "../../graph/host-array.ts";
import type { Fit, Picture } from "../dataset.ts";
import type { Libav } from "../libav.ts";

/**
 * Height and width of a picture scaled into `fit`: proportions kept, never enlarged, whole pixels.
 *
 * @throws RangeError if a size is not a positive whole number
 */
export function fittedSize(height: number, width: number, fit: Fit): Fit {
  for (const size of [height, width, fit.height, fit.width])
    if (!Number.isInteger(size) || size < 1) throw new RangeError(`fittedSize: expected whole pixels, got ${size}`);
  const scale = Math.min(1, fit.height / height, fit.width / width);
  return { height: Math.max(1, Math.round(height * scale)), width: Math.max(1, Math.round(width * scale)) };
}

/** Turns decoded frames of any pixel format into RGB pictures of a fitted size; equal input gives equal bits. */
export class Scaler {
  readonly #libav: Libav;
  readonly #contexts = new Map<string, { context: SoftwareScaleContext; out: Frame }>();

  constructor(libav: Libav) {
    this.#libav = libav;
  }

  /** @throws Error if FFmpeg cannot convert the frame */
  picture(frame: Frame, fit: Fit): Picture {
    const { height, width } = fittedSize(frame.height, frame.width, fit);
    // Lines of two moments are scaled as one picture, as the program ffmpeg does; libswscale halves them else, and mostly fails.
    frame.flags &= ~this.#libav.constants.AV_FRAME_FLAG_INTERLACED;
    const { context, out } = this.#context(frame, height, width);
    const status = context.scaleFrameSync(out, frame);
    if (status < 0) throw new Error(`cannot be converted to RGB: ${this.#libav.library.FFmpegError.strerror(status)}`);
    const bytes = new Uint8Array(height * width * 3);
    bytes.set(out.toBuffer().subarray(0, bytes.length));
    return new HostArray("h w c", [height, width, 3], "uint8", bytes);
  }

  close(): void {
    for (const { context, out } of this.#contexts.values()) {
      context.freeContext();
      out.free();
    }
    this.#contexts.clear();
  }

  #context(frame: Frame, height: number, width: number) {
    const key = [frame.width, frame.height, frame.format, frame.colorSpace, frame.colorRange, width, height].join(" ");
    const known = this.#contexts.get(key);
    if (known !== undefined) return known;
    const { library, constants } = this.#libav;
    // An uninitialised context takes colour space and range from each frame; an initialised one assumes BT.601.
    const context = new library.SoftwareScaleContext();
    context.allocContext();
    // Area averages do not alias; full chroma keeps colour edges at the scaled size; the other two fix the bits.
    const flags = [
      constants.SWS_AREA,
      constants.SWS_FULL_CHR_H_INT,
      constants.SWS_ACCURATE_RND,
      constants.SWS_BITEXACT,
    ].reduce<number>((all, flag) => all | flag, 0);
    context.setOption("sws_flags", flags, constants.AV_OPT_TYPE_FLAGS);
    const out = new library.Frame();
    out.alloc();
    out.width = width;
    out.height = height;
    out.format = constants.AV_PIX_FMT_RGB24;
    const status = out.getBuffer(1);
    if (status < 0) throw new Error(`expected memory for a picture: ${library.FFmpegError.strerror(status)}`);
    const made = { context, out };
    this.#contexts.set(key, made);
    return made;
  }
}
