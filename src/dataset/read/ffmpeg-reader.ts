import { execFile } from "node:child_process";
import { HostArray } from "../../graph/host-array.ts";
import { InputError } from "../../input-error.ts";
import type { DepthRange, Fit, Picture } from "../dataset.ts";
import { DamagedFileError } from "../problem.ts";
import { checkPixels, decodedDepths, shownDepths } from "./depth-map.ts";
import { type Clip, type FrameRequest, type PictureReader, unreadableFrame } from "./picture-reader.ts";
import { Recent } from "./recent.ts";
import { fitBeforeTurn, turned } from "./turn.ts";

/** Episodes whose pictures are kept: a program per frame would be far slower than one per episode. */
const keptEpisodes = 4;

/** Decodes through the programs `ffmpeg` and `ffprobe`, a whole episode at a time. */
export class FfmpegReader implements PictureReader {
  readonly #episodes = new Recent<string, Promise<Picture[]>>(keptEpisodes, () => {});

  async frame({ clip, frame, fit, depth }: FrameRequest): Promise<Picture> {
    const key = [clip.path, clip.episode, fit.height, fit.width, depth?.near, depth?.far].join(" ");
    const decoding = this.#episodes.get(key) ?? decodeEpisode(clip, { fit, depth });
    this.#episodes.set(key, decoding, 1);
    try {
      return (await decoding)[frame]!;
    } catch (error) {
      this.#episodes.delete(key);
      throw error instanceof InputError ? error : unreadableFrame(clip, frame, error);
    }
  }

  async still(bytes: Uint8Array, fit: Fit): Promise<Picture> {
    const [picture] = readPortablePixmaps(
      await run("ffmpeg", [...quiet, "-i", "pipe:0", ...pixmaps(fit, "null")], bytes),
    );
    if (picture === undefined) throw new Error("neither a PNG nor a JPEG picture");
    return picture;
  }

  close(): void {
    this.#episodes.clear();
  }
}

/** How pictures are wanted. */
type Shown = Pick<FrameRequest, "fit" | "depth">;

const quiet = ["-nostdin", "-v", "error", "-xerror"];

/** All pictures from the first of an episode to the last, by frame of the episode. */
async function decodeEpisode({ path, film, pictures }: Clip, { fit, depth }: Shown): Promise<Picture[]> {
  const { start, format, ...size } = await probe(path);
  checkPixels(format, depth);
  const [first, last] = [pictures[0]!, pictures.at(-1)!];
  // Pictures are chosen by their times in the file: halfway to the next is nearer to no other.
  const half = Math.min(0.5 * film.gap, 1);
  const [from, to] = [start + film.times[first]! - half, start + film.times[last]! + half];
  // The file is in the order of decoding: a seek counts in that.
  const begin = from - film.ahead;
  const seek = begin > 0 ? ["-seek_timestamp", "1", "-noaccurate_seek", "-ss", begin.toFixed(6)] : [];
  const input = [...quiet, ...seek, "-copyts", "-noautorotate", "-i", path];
  const count = last - first + 1;
  const output = ["-map", "0:v:0", "-fps_mode", "passthrough", "-frames:v", String(count)];
  const select = `select=between(t\\,${from.toFixed(6)}\\,${to.toFixed(6)})`;
  const before = fitBeforeTurn(fit, film.quarterTurns);
  // Greys of more than 8 bits come as they are stored: any conversion would scale their numbers.
  const shown = depth === null ? pixmaps(before, select) : ["-vf", select, "-f", "rawvideo", "pipe:1"];
  const bytes = await run("ffmpeg", [...input, ...output, ...shown], null);
  const found = depth === null ? readPortablePixmaps(bytes) : readDepths(bytes, format, { size, fit: before, depth });
  if (found.length !== count) throw new DamagedFileError(`${found.length} pictures in place of ${count}`);
  return Array.from(pictures, (picture) => turned(found[picture - first]!, film.quarterTurns));
}

/** What the file says of its video: where it starts, in seconds, and how its pixels are held. */
async function probe(path: string): Promise<Fit & { start: number; format: string }> {
  const entries = "stream=width,height,pix_fmt,start_time";
  const asked = ["-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of", "default=nw=1", path];
  const told = new Map(
    (await run("ffprobe", asked, null))
      .toString()
      .split("\n")
      .map((line): [string, string] => [line.split("=")[0] ?? "", line.split("=")[1]?.trim() ?? ""]),
  );
  const number = (key: string) => Number.parseFloat(told.get(key) ?? "");
  const start = number("start_time");
  if (!Number.isFinite(start)) throw new DamagedFileError("no video that can be decoded");
  return { start, format: told.get("pix_fmt") ?? "", height: number("height"), width: number("width") };
}

/** Pictures of distances that stand one after the other without headers. */
function readDepths(
  bytes: Buffer,
  format: string,
  { size, fit, depth }: { readonly size: Fit; readonly fit: Fit; readonly depth: DepthRange },
): Picture[] {
  const each = 2 * size.height * size.width;
  return Array.from({ length: Math.floor(bytes.length / each) }, (_, at) =>
    shownDepths(decodedDepths(bytes.subarray(at * each, (at + 1) * each), format, size), depth, fit),
  );
}

/** Output options: RGB pictures fitted as `Scaler` fits them, each behind its own header. */
function pixmaps({ height, width }: Fit, before: string): string[] {
  const scale = `min(1\\,min(${height}/ih\\,${width}/iw))`;
  const size = `w=max(1\\,round(iw*${scale})):h=max(1\\,round(ih*${scale}))`;
  const filter = `${before},scale=${size}:flags=area+full_chroma_int+accurate_rnd+bitexact,format=rgb24`;
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
      else reject(failure(complaint.toString().trim().split("\n")[0] || error.message));
    });
    // A program that stops reading early says why on its own.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input ?? undefined);
  });
}

/** What a program says of a file: that it is damaged, unless it cannot be opened at all or this build cannot decode it. */
function failure(complaint: string): Error {
  if (/No such file|Permission denied/.test(complaint)) return new Error(complaint);
  if (/decoder .*not found|no decoder found|unknown decoder/i.test(complaint))
    return new Error(`${complaint}; install node-av, or encode the film as H.264`);
  return new DamagedFileError(complaint);
}

function notInstalled(program: string): string {
  return `pictures: expected the package node-av or the program ${program}, got neither; run "npm install node-av" or install ffmpeg`;
}
