import type { CodecContext, FormatContext, Frame, Packet, Stream } from "node-av/lib";
import type { Libav } from "../libav.ts";
import { DamagedFileError } from "../problem.ts";
import { type FilmIndex, nearestPicture } from "./film-index.ts";

/** Frames further ahead than this are sought; nearer ones are reached by decoding on. */
const nearFrames = 4;

/** Where a picture lies, in ticks from the first. */
interface Aim {
  readonly ticks: number;
  /** No other picture is as near to it in time. */
  readonly slack: number;
  /** Where a seek, which counts in the order of decoding, lands no later than at the picture. */
  readonly seek: number;
  /** How far ahead a picture is reached sooner by decoding on than by seeking. */
  readonly near: number;
}

/**
 * One open video: shows its pictures by number, and decodes no frame twice on the way forward.
 *
 * Calls are synchronous and belong in a worker thread.
 */
export class VideoFile {
  readonly #libav: Libav;
  readonly #format: FormatContext;
  readonly #codec: CodecContext;
  readonly #stream: Stream;
  readonly #packet: Packet;
  /** Whether the packet was read and not yet given to the decoder. */
  #isHeld = false;
  readonly #frame: Frame;
  /** Presentation time of the frame that is shown, in ticks from the first. */
  #shown: number | null = null;
  /** Decoding time of the last packet that the decoder was given. */
  #sent: bigint | null = null;
  #isDrained = false;
  /** Frames that were decoded to show the last one that was asked for. */
  #decoded = 0;
  /** Whether the frame shown is damaged, or is built on one that is. */
  #isDamaged = false;

  /** @throws Error if the file is missing, truncated, or holds no video that can be decoded */
  constructor(libav: Libav, path: string) {
    const { library, constants } = libav;
    this.#libav = libav;
    this.#format = new library.FormatContext();
    this.#packet = new library.Packet();
    this.#packet.alloc();
    this.#frame = new library.Frame();
    this.#frame.alloc();
    this.#codec = new library.CodecContext();
    try {
      this.#check(this.#format.openInputSync(`file:${path}`));
      this.#check(this.#format.findStreamInfoSync());
      const stream = this.#format.streams[this.#format.findBestStream(constants.AVMEDIA_TYPE_VIDEO)];
      if (stream === undefined) throw new Error("a file without a video");
      const decoder = library.Codec.findDecoder(stream.codecpar.codecId);
      if (decoder === null)
        throw new Error("a film whose codec this build of node-av does not decode; encode it as H.264");
      this.#stream = stream;
      this.#codec.allocContext3(decoder);
      this.#check(this.#codec.parametersToContext(stream.codecpar));
      // One thread shows a frame as soon as its packet is in; loading has threads of its own.
      this.#codec.threadCount = 1;
      this.#check(this.#codec.open2Sync(decoder));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Picture `picture` of the film that this file is; it is overwritten by the next call.
   *
   * @param passing sees each picture on the way there
   * @throws Error if there is no such picture or it cannot be decoded
   */
  show(film: FilmIndex, picture: number, passing: (picture: number, frame: Frame) => void): Frame {
    const { num, den } = this.#stream.timeBase;
    const seconds = film.times[picture]!;
    const aim: Aim = {
      ticks: (seconds * den) / num,
      seek: ((seconds - film.ahead) * den) / num,
      slack: Math.min(0.5 * film.gap, 1) * (den / num),
      near: (nearFrames / film.rate) * (den / num),
    };
    this.#decoded = 0;
    if (this.#shown !== null && Math.abs(this.#shown - aim.ticks) <= aim.slack) return this.#frame;
    const see = (ticks: number) => passing(this.#pictureAt(film, ticks), this.#frame);
    try {
      this.#approach(aim);
      if (!this.#decodeTo(aim, see)) {
        // Files with an index of their own may lead a seek elsewhere.
        this.#restart(0);
        if (!this.#decodeTo(aim, see)) throw new DamagedFileError(`no frame at ${seconds.toFixed(3)} s`);
      }
    } catch (error) {
      this.#shown = null;
      throw error;
    }
    return this.#frame;
  }

  /**
   * Decodes on up to the next keyframe, and no more frames than it took to show the last one: what is built on the same frames as that
   * one costs little now, and all of them again when it is asked for.
   *
   * @param passing sees each picture; the frame that was shown is overwritten
   */
  goOn(film: FilmIndex, passing: (picture: number, frame: Frame) => void): void {
    try {
      for (let left = this.#decoded; left > 0 && this.#isBuiltOn() && this.#decode(); left--) {
        this.#shown = this.#ticks();
        this.#inspect();
        if (!this.#isDamaged) passing(this.#pictureAt(film, this.#shown), this.#frame);
      }
    } catch {
      // Nobody has asked for what cannot be decoded here; who does is told.
      this.#shown = null;
    }
  }

  /** FFmpeg's name of how the frame that is shown holds its pixels. */
  pixelFormat(): string {
    return this.#libav.library.avGetPixFmtName(this.#codec.pixelFormat) ?? "an unknown pixel format";
  }

  close(): void {
    this.#packet.free();
    this.#frame.free();
    this.#codec.freeContext();
    this.#format.closeInputSync();
  }

  /** Brings file and decoder to where a picture is reached with the fewest frames. */
  #approach({ ticks: wanted, seek, near }: Aim): void {
    if (this.#shown === null || this.#isDrained || wanted < this.#shown) {
      this.#restart(seek);
      return;
    }
    if (wanted - this.#shown <= near) return;
    this.#seek(seek);
    const keyframe = this.#hold() ? this.#packet.dts : null;
    if (keyframe === null || this.#sent === null || keyframe > this.#sent) {
      this.#flush();
      return;
    }
    // The decoder is already past that keyframe: it goes on from where it is.
    while (this.#isHeld && this.#packet.dts <= this.#sent) {
      this.#release();
      this.#hold();
    }
  }

  #restart(ticks: number): void {
    this.#seek(ticks);
    this.#flush();
  }

  #seek(ticks: number): void {
    this.#release();
    const { AVSEEK_FLAG_BACKWARD } = this.#libav.constants;
    const from = this.#start() + BigInt(Math.round(ticks));
    this.#check(this.#format.seekFrameSync(this.#stream.index, from, AVSEEK_FLAG_BACKWARD));
  }

  #flush(): void {
    this.#codec.flushBuffers();
    this.#sent = null;
    this.#isDrained = false;
    this.#isDamaged = false;
  }

  /** Decodes on; `false` if the frames are already past the one that is wanted or end before it. */
  #decodeTo({ ticks: wanted, slack }: Aim, passing: (ticks: number) => void): boolean {
    while (this.#decode()) {
      const ticks = this.#ticks();
      this.#shown = ticks;
      this.#decoded++;
      if (ticks > wanted + slack) return false;
      this.#inspect();
      if (ticks >= wanted - slack) {
        if (this.#isDamaged) throw new DamagedFileError("a damaged frame");
        return true;
      }
      if (!this.#isDamaged) passing(ticks);
    }
    return false;
  }

  /** Whether the packet that the decoder is given next holds no keyframe. */
  #isBuiltOn(): boolean {
    return this.#hold() && !this.#packet.hasFlags(this.#libav.constants.AV_PKT_FLAG_KEY);
  }

  /** Presentation time of the decoded frame, from the first. */
  #ticks(): number {
    return Number(this.#frame.bestEffortTimestamp - this.#start());
  }

  #pictureAt(film: FilmIndex, ticks: number): number {
    const { num, den } = this.#stream.timeBase;
    return nearestPicture(film, (ticks * num) / den);
  }

  /** A decoder paints over damage and goes on: what is built on such a frame is damaged until the next keyframe. */
  #inspect(): void {
    const { AV_FRAME_FLAG_CORRUPT, AV_FRAME_FLAG_KEY } = this.#libav.constants;
    if (this.#frame.hasFlags(AV_FRAME_FLAG_KEY)) this.#isDamaged = false;
    if (this.#frame.decodeErrorFlags !== 0 || this.#frame.hasFlags(AV_FRAME_FLAG_CORRUPT)) this.#isDamaged = true;
  }

  /** The next frame in order of presentation; `false` at the end. */
  #decode(): boolean {
    const { AVERROR_EAGAIN, AVERROR_EOF } = this.#libav.constants;
    for (;;) {
      const status = this.#codec.receiveFrameSync(this.#frame);
      if (status >= 0) return true;
      if (status === AVERROR_EOF) return false;
      if (status !== AVERROR_EAGAIN) this.#check(status);
      if (this.#hold()) {
        this.#check(this.#codec.sendPacketSync(this.#packet));
        this.#sent = this.#packet.dts;
        this.#release();
      } else if (!this.#isDrained) {
        this.#check(this.#codec.sendPacketSync(null));
        this.#isDrained = true;
      }
    }
  }

  /** Reads the video's next packet, unless one is held; `false` at the end of the file. */
  #hold(): boolean {
    const { AVERROR_EOF, AV_PKT_FLAG_CORRUPT } = this.#libav.constants;
    while (!this.#isHeld) {
      const status = this.#format.readFrameSync(this.#packet);
      if (status === AVERROR_EOF) return false;
      this.#check(status);
      if (this.#packet.streamIndex !== this.#stream.index) this.#packet.unref();
      else if (this.#packet.hasFlags(AV_PKT_FLAG_CORRUPT))
        throw new DamagedFileError("a file that ends inside a frame");
      else this.#isHeld = true;
    }
    return true;
  }

  #release(): void {
    if (this.#isHeld) this.#packet.unref();
    this.#isHeld = false;
  }

  #start(): bigint {
    const { startTime } = this.#stream;
    return startTime === this.#libav.constants.AV_NOPTS_VALUE ? 0n : startTime;
  }

  #check(status: number): void {
    if (status >= 0) return;
    const { library, constants } = this.#libav;
    const message = library.FFmpegError.strerror(status);
    const isDamage = status === constants.AVERROR_INVALIDDATA || status === constants.AVERROR_EOF;
    throw isDamage ? new DamagedFileError(message) : new Error(message);
  }
}
