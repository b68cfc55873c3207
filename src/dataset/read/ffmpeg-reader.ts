import { execFile } from "node:child_process";
import { HostArray } from "../../graph/host-array.ts";
import { InputError } from "../../input-error.ts";
import type { Fit, Picture } from "../dataset.ts";
import { reason } from "../problem.ts";
import type { Clip, FrameRequest, PictureReader } from "./picture-reader.ts";
import { Recent } from "./recent.ts";

/** Episodes whose pictures are kept: a program per frame would be far slower than one per episode. */
const keptEpisodes = 4;

/** Decodes through the programs `ffmpeg` and `ffprobe`, a whole episode at a time. */
export class FfmpegReader implements PictureReader {
  readonly #episodes = new Recent<string, Promise<Picture[]>>(keptEpisodes, () => {});

  async frame({ clip, frame, fit }: FrameRequest): Promise<Picture> {
    const key = [clip.path, clip.from, fit.height, fit.width].join(" ");
    const decoding = this.#episodes.get(key) ?? decodeEpisode(clip, fit);
    this.#episodes.set(key, decoding, 1);
    try {
      const picture = (await decoding)[frame];
      if (picture === undefined) throw new Error(`a video of ${(await decoding).length} frames`);
      return picture;
    } catch (error) {
      this.#episodes.delete(key);
      if (error instanceof InputError) throw error;
      throw new InputError(
        `${clip.path}: expected frame ${frame} of episode ${clip.episode}, got ${reason(error)}; the file may be truncated or damaged: fetch it again`,
      );
    }
  }

  async still(bytes: Uint8Array, fit: Fit): Promise<Picture> {
    const [picture] = readPortablePixmaps(await run("ffmpeg", [...quiet, "-i", "pipe:0", ...pixmaps(fit)], bytes));
    if (picture === undefined) throw new Error("neither a PNG nor a JPEG picture");
    return picture;
  }

  close(): void {
    this.#episodes.clear();
  }
}

const quiet = ["-nostdin", "-v", "error", "-xerror"];

async function decodeEpisode({ path, from, framesPerSecond, length }: Clip, fit: Fit): Promise<Picture[]> {
  const asked = ["-v", "error", "-select_streams", "v:0", "-show_entries", "stream=avg_frame_rate", "-of", "csv=p=0"];
  const [frames, seconds] = (await run("ffprobe", [...asked, path], null)).toString().trim().split("/").map(Number);
  // Frames are counted here, not looked up by time, which holds at the dataset's own rate only.
  if (Math.abs(frames! / seconds! - framesPerSecond) > 0.01 * framesPerSecond)
    throw new Error(`${frames! / seconds!} frames per second in place of ${framesPerSecond}: this needs node-av`);
  const start = from === 0 ? [] : ["-ss", String(Math.max(0, from - 0.5 / framesPerSecond))];
  const whole = ["-an", "-fps_mode", "passthrough", "-frames:v", String(length)];
  return readPortablePixmaps(await run("ffmpeg", [...quiet, ...start, "-i", path, ...whole, ...pixmaps(fit)], null));
}

/** Output options: RGB pictures fitted as `Scaler` fits them, each behind its own header. */
function pixmaps({ height, width }: Fit): string[] {
  const scale = `min(1\\,min(${height}/ih\\,${width}/iw))`;
  const size = `w=max(1\\,round(iw*${scale})):h=max(1\\,round(ih*${scale}))`;
  const filter = `scale=${size}:flags=area+full_chroma_int+accurate_rnd+bitexact,format=rgb24`;
  return ["-vf", filter, "-f", "image2pipe", "-c:v", "ppm", "pipe:1"];
}

/** Pictures of a stream of binary portable pixmaps (`P6 width height 255`). */
function readPortablePixmaps(bytes: Buffer): Picture[] {
  const pictures: Picture[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = /^P6\s(\d+)\s(\d+)\s255\s/.exec(bytes.toString("latin1", at, at + 64));
    if (header === null) throw new Error("no picture from ffmpeg");
    const [width, height] = [Number(header[1]), Number(header[2])];
    const from = at + header[0].length;
    at = from + height * width * 3;
    if (at > bytes.length) throw new Error("a picture that ends early from ffmpeg");
    pictures.push(new HostArray("h w c", [height, width, 3], "uint8", Uint8Array.from(bytes.subarray(from, at))));
  }
  return pictures;
}

function run(program: string, options: string[], input: Uint8Array | null): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settings = { encoding: "buffer", maxBuffer: Number.POSITIVE_INFINITY } as const;
    const child = execFile(program, options, settings, (error, output, complaint) => {
      if (error === null) resolve(output);
      else if (error.code === "ENOENT") reject(new InputError(notInstalled(program)));
      else reject(new Error(complaint.toString().trim().split("\n")[0] || error.message));
    });
    // A program that stops reading early says why on its own.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input ?? undefined);
  });
}

function notInstalled(program: string): string {
  return `pictures: expected the package node-av or the program ${program}, got neither; run "npm install node-av" or install ffmpeg`;
}
