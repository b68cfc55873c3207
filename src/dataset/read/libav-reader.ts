import type { CodecContext, Frame } from "node-av/lib";
import type { Fit, Picture } from "../dataset.ts";
import type { Libav } from "../libav.ts";
import { checkPixels, decodedDepths, shownDepths } from "./depth-map.ts";
import { type FrameRequest, type PictureReader, unreadableFrame } from "./picture-reader.ts";
import { Recent } from "./recent.ts";
import { Scaler } from "./scaler.ts";
import { fitBeforeTurn, turned } from "./turn.ts";
import { VideoFile } from "./video-file.ts";

/** Decodes through FFmpeg's libraries inside this process; the videos used last stay open. */
export class LibavReader implements PictureReader {
  readonly #libav: Libav;
  readonly #videos: Recent<string, VideoFile>;
  readonly #scaler: Scaler;

  constructor(libav: Libav, openVideos: number) {
    this.#libav = libav;
    this.#videos = new Recent(openVideos, (video) => video.close());
    this.#scaler = new Scaler(libav);
  }

  async frame({ clip, frame, fit, passing, depth }: FrameRequest): Promise<Picture> {
    const { path, film, pictures } = clip;
    try {
      const video = this.#video(path);
      const shown = (seen: Frame) => {
        const before = fitBeforeTurn(fit, film.quarterTurns);
        return turned(this.#picture(seen, video.pixelFormat(), { fit: before, depth }), film.quarterTurns);
      };
      const see = (picture: number, passed: Frame) => {
        const at = passing === null ? -1 : frameOf(pictures, picture);
        if (at >= 0) passing?.(at, () => shown(passed));
      };
      const picture = shown(video.show(film, pictures[frame]!, see));
      if (passing !== null) video.goOn(film, see);
      return picture;
    } catch (error) {
      this.#videos.delete(path);
      throw unreadableFrame(clip, frame, error);
    }
  }

  async still(bytes: Uint8Array, fit: Fit): Promise<Picture> {
    const { library } = this.#libav;
    const packet = new library.Packet();
    packet.alloc();
    const frame = new library.Frame();
    frame.alloc();
    let codec: CodecContext | null = null;
    try {
      codec = this.#stillDecoder(bytes);
      packet.data = Buffer.from(bytes);
      for (const status of [codec.sendPacketSync(packet), codec.sendPacketSync(null), codec.receiveFrameSync(frame)])
        if (status < 0) throw new Error(library.FFmpegError.strerror(status));
      return this.#scaler.picture(frame, fit);
    } finally {
      codec?.freeContext();
      frame.free();
      packet.free();
    }
  }

  close(): void {
    this.#videos.clear();
    this.#scaler.close();
  }

  #picture(seen: Frame, format: string, { fit, depth }: Pick<FrameRequest, "fit" | "depth">): Picture {
    checkPixels(format, depth);
    if (depth === null) return this.#scaler.picture(seen, fit);
    return shownDepths(decodedDepths(seen.toBuffer(), format, seen), depth, fit);
  }

  #video(path: string): VideoFile {
    const known = this.#videos.get(path);
    if (known !== undefined) return known;
    const video = new VideoFile(this.#libav, path);
    this.#videos.set(path, video, 1);
    return video;
  }

  #stillDecoder(bytes: Uint8Array): CodecContext {
    const { library, constants } = this.#libav;
    const id = new Map([
      ["89504e", constants.AV_CODEC_ID_PNG],
      ["ffd8ff", constants.AV_CODEC_ID_MJPEG],
    ]).get(Buffer.from(bytes.subarray(0, 3)).toString("hex"));
    const decoder = id === undefined ? null : library.Codec.findDecoder(id);
    if (decoder === null) throw new Error("neither a PNG nor a JPEG picture");
    const codec = new library.CodecContext();
    codec.allocContext3(decoder);
    codec.threadCount = 1;
    const status = codec.open2Sync(decoder);
    if (status < 0) throw new Error(library.FFmpegError.strerror(status));
    return codec;
  }
}

/** Which frame of an episode a picture of the film is; −1 if it is none. */
function frameOf(pictures: Int32Array, picture: number): number {
  let [low, high] = [0, pictures.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pictures[middle]! < picture) low = middle + 1;
    else high = middle;
  }
  return pictures[low] === picture ? low : -1;
}
